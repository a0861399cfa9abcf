package fluidml.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fluidml.error.InvalidInputException;
import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorFilesTest {
  @TempDir Path temporary;

  @Test
  void everyElementTypeComesBack() throws IOException {
    for (DType dtype : DType.values()) {
      if (dtype == DType.STRING) {
        continue;
      }
      Tensor tensor = Tensor.allocate(dtype, 2, 3);
      for (int i = 0; i < 6; i++) {
        if (dtype.kind() == DType.Kind.COMPLEX) {
          tensor.setComplex(i, i, -0.5);
        } else {
          tensor.setDouble(i, i % 2);
        }
      }
      Path json = temporary.resolve("t.json");
      JsonTensors.write(json, "t", tensor);
      assertSame(tensor, JsonTensors.read(json, DType.FLOAT32));
      Path npy = temporary.resolve("t.npy");
      if (Npy.supports(dtype)) {
        Npy.write(npy, tensor);
        assertEquals(0, (Files.size(npy) - tensor.data().byteSize()) % 64);
        assertSame(tensor, Npy.read(npy));
      } else {
        assertThrows(InvalidInputException.class, () -> Npy.write(npy, tensor));
      }
    }
  }

  private static void assertSame(Tensor expected, Tensor actual) {
    assertEquals(expected.toString(), actual.toString());
    assertEquals(-1, expected.data().mismatch(actual.data()));
  }

  @Test
  void readsBothByteOrdersAndArrayOrders() throws IOException {
    Path big =
        npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", new byte[] {1, 2, 0, 3});
    assertArrayEquals(new long[] {258, 3}, Npy.read(big).toLongs());
    Path columns =
        npy(
            "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }",
            new byte[] {1, 4, 2, 5, 3, 6});
    assertArrayEquals(new long[] {1, 2, 3, 4, 5, 6}, Npy.read(columns).toLongs());
    Path scalar =
        npy("{'descr': '<u1', 'fortran_order': False, 'shape': (), }", new byte[] {(byte) 200});
    assertArrayEquals(new long[] {200}, Npy.read(scalar).toLongs());
  }

  @Test
  void hostileArraysAreRefused() throws IOException {
    String[] headers = {
      "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 16), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
      "nothing"
    };
    for (String header : headers) {
      Path file = npy(header, new byte[4]);
      assertThrows(InvalidInputException.class, () -> Npy.read(file), header);
    }
    Path shortFile = Files.write(temporary.resolve("short.npy"), new byte[5]);
    assertThrows(InvalidInputException.class, () -> Npy.read(shortFile));
    byte[] endless = Files.readAllBytes(npy(headers[4], new byte[8]));
    endless[8] = (byte) 0xff;
    endless[9] = (byte) 0xff;
    Path file = Files.write(temporary.resolve("endless.npy"), endless);
    assertThrows(InvalidInputException.class, () -> Npy.read(file));
  }

  private Path npy(String header, byte[] data) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(0x93);
    bytes.writeBytes("NUMPY".getBytes(StandardCharsets.US_ASCII));
    bytes.write(1);
    bytes.write(0);
    bytes.write(header.length() + 1);
    bytes.write(0);
    bytes.writeBytes((header + "\n").getBytes(StandardCharsets.US_ASCII));
    bytes.writeBytes(data);
    return Files.write(temporary.resolve("a.npy"), bytes.toByteArray());
  }

  @Test
  void readsNestedArraysAsTheTypeThatIsWanted() throws IOException {
    assertEquals("i64[2,2]", json("[[1, 2], [3, 4]]", DType.INT64).toString());
    assertEquals(-1, json("[-1]", DType.INT8).getLong(0));
    assertEquals(-1L, json("[18446744073709551615]", DType.UINT64).getLong(0));
    assertEquals(Double.NaN, json("[\"NaN\"]", DType.FLOAT32).getDouble(0));
    assertEquals("bool[2]", json("[true, false]", DType.BOOL).toString());
    assertEquals("string[1,1]", json("[[\"a\"]]", DType.STRING).toString());
    assertEquals("f32[]", json("1.5", DType.FLOAT32).toString());
    assertEquals("f32[0]", json("[]", DType.FLOAT32).toString());
  }

  @Test
  void hostileJsonIsRefused() {
    String[] texts = {
      "",
      "[1, 2",
      "[1] [2]",
      "[[1], 2]",
      "[1, [2]]",
      "[\"x\"]",
      "[null]",
      "{}",
      "[300]",
      "[1.5]",
      "{\"shape\": [2], \"data\": [1]}",
      "{\"shape\": [4294967296, 4294967296], \"data\": []}",
      "{\"shape\": [-1], \"data\": []}",
      "{\"dtype\": \"f99\", \"shape\": [1], \"data\": [1]}",
      "[".repeat(500) + "]".repeat(500),
      "[".repeat(100_000)
    };
    for (String text : texts) {
      assertThrows(InvalidInputException.class, () -> json(text, DType.INT8), text);
    }
  }

  private Tensor json(String text, DType dtype) throws IOException {
    return JsonTensors.read(Files.writeString(temporary.resolve("t.json"), text), dtype);
  }
}
