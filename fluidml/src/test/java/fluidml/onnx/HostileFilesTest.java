package fluidml.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import fluidml.error.InvalidModelException;
import fluidml.onnx.proto.ProtoDecoder;
import fluidml.onnx.proto.TensorProto;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class HostileFilesTest {
  private static final byte[] GOOD = OnnxWriter.toBytes(Models.mixed());

  private static void readsOrRefuses(byte[] bytes) {
    try {
      ProtoDecoder.model(MemorySegment.ofArray(bytes), "f.onnx");
    } catch (InvalidModelException e) {
      assertTrue(e.getMessage().startsWith("f.onnx, byte "), e.getMessage());
    } catch (RuntimeException e) {
      fail(HexFormat.of().formatHex(bytes), e);
    }
  }

  @Test
  void everyTruncationIsRefusedOrReads() {
    for (int length = 0; length < GOOD.length; length++) {
      readsOrRefuses(Arrays.copyOf(GOOD, length));
    }
  }

  @Test
  void flippedBytesNeverEscapeTheTypedException() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    for (int round = 0; round < 4_000; round++) {
      byte[] bytes = GOOD.clone();
      int flips = 1 + random.nextInt(4);
      for (int i = 0; i < flips; i++) {
        bytes[random.nextInt(bytes.length)] =
            (byte) (random.nextBoolean() ? random.nextInt() : 0xff);
      }
      readsOrRefuses(bytes);
    }
  }

  private static String tensorFailure(String hex) {
    MemorySegment data = MemorySegment.ofArray(HexFormat.of().parseHex(hex));
    return assertThrows(InvalidModelException.class, () -> ProtoDecoder.tensor(data, "t.pb"))
        .getMessage();
  }

  @Test
  void extentsMustMatchTheData() {
    // dims = [-1], float
    assertTrue(tensorFailure("08ffffffffffffffffff011001").contains("negative"));
    // dims = [2^62, 2^62], float
    String huge = "0880808080808080804008808080808080808040";
    assertTrue(tensorFailure(huge + "1001").contains("beyond 64 bits"));
    // dims = [2^62], double
    assertTrue(tensorFailure("088080808080808080401 00b".replace(" ", "")).contains("64 bits"));
    // dims = [1000000], no data
    assertTrue(tensorFailure("08c0843d1001").contains("the file has 0"));
    // int8 [1] with the value 300
    assertTrue(tensorFailure("080110032a02ac02").contains("does not fit 8 bits"));
    // data type 99
    assertTrue(tensorFailure("1063").contains("unknown"));
  }

  @Test
  void typedFieldsPackedOrSingleGiveTheSameElements() {
    HexFormat hex = HexFormat.of();
    for (String data :
        new String[] {
          "22080000803f00000040",
          "250000803f2500000040",
          "22040000803f220400000040",
          "250000803f220400000040",
          "4a080000803f00000040"
        }) {
      byte[] bytes = hex.parseHex("08021001" + data);
      TensorProto tensor = ProtoDecoder.tensor(MemorySegment.ofArray(bytes), "t.pb");
      assertEquals(2f, OnnxTensors.tensor(tensor, "t").getFloat(1));
    }
  }

  @Test
  void nestingIsBounded() {
    byte[] message = {};
    for (int i = 0; i < 1000; i++) {
      ByteArrayOutputStream outer = new ByteArrayOutputStream();
      // An attribute with a graph whose only node has such an attribute.
      int field = new int[] {0x32, 0x0a, 0x2a}[i % 3];
      outer.write(field);
      int length = message.length;
      while (length >= 0x80) {
        outer.write((length & 0x7f) | 0x80);
        length >>>= 7;
      }
      outer.write(length);
      outer.writeBytes(message);
      message = outer.toByteArray();
    }
    byte[] bytes = message;
    String text =
        assertThrows(
                InvalidModelException.class,
                () -> ProtoDecoder.model(MemorySegment.ofArray(bytes), "f.onnx"))
            .getMessage();
    assertTrue(text.contains("f.onnx"), text);
  }

  @Test
  void failuresNameTheFieldPath() {
    byte[] bytes = GOOD.clone();
    // Make the op_type of the first node not UTF-8.
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    bytes[text.indexOf("MatMul")] = (byte) 0xff;
    String message =
        assertThrows(
                InvalidModelException.class,
                () -> ProtoDecoder.model(MemorySegment.ofArray(bytes), "f.onnx"))
            .getMessage();
    assertTrue(message.contains("graph.node[0]: op_type is not valid UTF-8"), message);
  }
}
