package fluidml.saved;

import fluidml.emit.jvm.CallForm;
import fluidml.emit.jvm.KernelCode;
import fluidml.error.InvalidInputException;
import fluidml.file.AtomicFile;
import fluidml.lower.Argument;
import fluidml.lower.LoweredProgram;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Writes the files that {@link SavedModel} reads. */
public final class ModelWriter {
  private ModelWriter() {}

  /**
   * Writes a program, its code and its constants: into a temporary file beside the target, which
   * then replaces it.
   *
   * @param chosenOrder numbers of the steps in another order that needs less memory, or none
   * @param packed packed constants as kernels read them, in native memory
   * @throws InvalidInputException if the program's kernels check their accesses
   * @throws IOException if the file cannot be written; what was there is then as before
   */
  public static void write(
      Path path,
      LoweredProgram program,
      int[] chosenOrder,
      Function<Argument.Packed, MemorySegment> packed)
      throws IOException {
    if (program.target().checked()) {
      throw new InvalidInputException("checked", "kernels that check accesses are not saved");
    }
    Placement placement = new Placement();
    ProgramEncoder encoder = new ProgramEncoder(program, chosenOrder, placement, packed);
    byte[] steps = encoder.encode();
    byte[] apiCode = code(encoder, program, CallForm.API);
    byte[] intrinsicCode = code(encoder, program, CallForm.INTRINSICS);
    AtomicFile.write(
        path, temporary -> write(temporary, program, steps, apiCode, intrinsicCode, placement));
  }

  private static byte[] code(ProgramEncoder encoder, LoweredProgram program, CallForm form) {
    return encode(KernelCode.of(encoder.kernels(), program.target(), form));
  }

  /**
   * Copies a file in the same way.
   *
   * @throws IOException if that fails; what was there is then as before
   */
  public static void copy(Path source, Path target) throws IOException {
    AtomicFile.write(target, temporary -> Files.copy(source, temporary));
  }

  private static byte[] encode(KernelCode code) {
    SectionWriter out = new SectionWriter();
    List<Map.Entry<String, byte[]>> procedures = new ArrayList<>(code.procedures().entrySet());
    procedures.sort(Map.Entry.comparingByKey());
    out.list(procedures, e -> out.text(e.getKey()).blob(e.getValue()));
    return out.list(code.kernels(), out::blob).toBytes();
  }

  private static void write(
      Path path,
      LoweredProgram program,
      byte[] steps,
      byte[] apiCode,
      byte[] intrinsicCode,
      Placement placement)
      throws IOException {
    long apiCodeAt = pages(FileHeader.PAGE + (long) steps.length);
    long intrinsicCodeAt = pages(apiCodeAt + apiCode.length);
    long weightsAt = pages(intrinsicCodeAt + intrinsicCode.length);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      // The whole length first: sections end where they should, whatever is written into them.
      write(channel, ByteBuffer.allocate(1), weightsAt + placement.bytes() - 1);
      write(channel, ByteBuffer.wrap(steps), FileHeader.PAGE);
      write(channel, ByteBuffer.wrap(apiCode), apiCodeAt);
      write(channel, ByteBuffer.wrap(intrinsicCode), intrinsicCodeAt);
      WeightsWriter weights = new WeightsWriter(channel, weightsAt);
      for (Placement.Item item : placement.items()) {
        weights.write(item.data(), weightsAt + item.offset(), item.packed());
      }
      int checksum = weights.finish();
      FileHeader header =
          new FileHeader(
              KernelCode.VERSION,
              Runtime.version().feature(),
              program.target().vectorBits(),
              program.target().byteProducts(),
              System.getProperty("os.arch"),
              section(FileHeader.PAGE, MemorySegment.ofArray(steps)),
              section(apiCodeAt, MemorySegment.ofArray(apiCode)),
              section(intrinsicCodeAt, MemorySegment.ofArray(intrinsicCode)),
              new FileHeader.Section(weightsAt, placement.bytes(), checksum));
      write(channel, ByteBuffer.wrap(header.encode()), 0);
      channel.force(true);
    }
  }

  private static FileHeader.Section section(long offset, MemorySegment bytes) {
    return new FileHeader.Section(offset, bytes.byteSize(), Checksums.of(bytes));
  }

  private static long pages(long bytes) {
    return Math.ceilDiv(bytes, (long) FileHeader.PAGE) * FileHeader.PAGE;
  }

  private static void write(FileChannel channel, ByteBuffer bytes, long at) throws IOException {
    long position = at;
    while (bytes.hasRemaining()) {
      position += channel.write(bytes, position);
    }
  }
}
