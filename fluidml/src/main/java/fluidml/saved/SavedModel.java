package fluidml.saved;

import fluidml.emit.CompiledKernel;
import fluidml.emit.jvm.CallForm;
import fluidml.emit.jvm.HostTarget;
import fluidml.emit.jvm.KernelCode;
import fluidml.error.FluidmlException;
import fluidml.error.IncompatibleModelException;
import fluidml.error.InvalidModelException;
import fluidml.error.MemoryLimitException;
import fluidml.loop.Kernel;
import fluidml.loop.Target;
import fluidml.lower.LoweredProgram;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * A compiled model in a mapped file. Its constants are slices of the mapping: only what kernels
 * read becomes resident, and processes that load the same file share it.
 *
 * <p>Damage is found by checksums and by a check of every number in the tables. The class files of
 * kernels may use vectors, memory and arithmetic only, yet they address memory directly: load files
 * from where you would load a program from. The file must not be changed while it is open; replace
 * it by moving another one in its place.
 */
public final class SavedModel implements AutoCloseable {
  /**
   * A thread for each task: the common pool has one on two cores, and makes code wait for the
   * checksum of the weights.
   */
  private static final Executor THREADS =
      task -> Thread.ofPlatform().daemon().name("fluidml-load").start(task);

  private final Arena arena;
  private final long mappedBytes;
  private final LoweredProgram program;
  private final int[] chosenOrder;
  private final IdentityHashMap<Kernel, CompiledKernel> codes;

  private SavedModel(
      Arena arena,
      long mappedBytes,
      LoweredProgram program,
      int[] chosenOrder,
      IdentityHashMap<Kernel, CompiledKernel> codes) {
    this.arena = arena;
    this.mappedBytes = mappedBytes;
    this.program = program;
    this.chosenOrder = chosenOrder;
    this.codes = codes;
  }

  /** Whether a file is a compiled model, going by its first bytes; false if it cannot be read. */
  public static boolean isSaved(Path path) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return FileHeader.hasMagic(read(channel, 16));
    } catch (IOException e) {
      return false;
    }
  }

  private static byte[] read(FileChannel channel, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining() && channel.read(buffer, buffer.position()) > 0) {
      // Reads on where it stopped.
    }
    byte[] read = new byte[buffer.position()];
    buffer.flip().get(read);
    return read;
  }

  /**
   * Maps a file and loads its code.
   *
   * @throws InvalidModelException if the file is missing, cut off or damaged
   * @throws IncompatibleModelException if it was made by another version or for another machine
   */
  public static SavedModel open(Path path) {
    String file = path.toString();
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      FileHeader header = FileHeader.decode(read(channel, FileHeader.PAGE), file, channel.size());
      checkMachine(header, file);
      CompletableFuture<Integer> weights =
          CompletableFuture.supplyAsync(() -> checksum(channel, header.weights(), file), THREADS);
      try {
        MemorySegment mapped = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
        SavedModel model = load(mapped, header, file, arena);
        if (joined(weights) != header.weights().checksum()) {
          throw new InvalidModelException(file, "is damaged: wrong checksum of the weights");
        }
        return model;
      } finally {
        weights.handle((_, _) -> 0).join();
      }
    } catch (IOException e) {
      arena.close();
      throw new InvalidModelException(file, "cannot be read: " + e, e);
    } catch (InvalidModelException | IncompatibleModelException | MemoryLimitException e) {
      arena.close();
      throw e;
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
      arena.close();
      String problem = e instanceof FluidmlException ? e.getMessage() : e.toString();
      throw new InvalidModelException(file, "is damaged: " + problem, e);
    }
  }

  private static int checksum(FileChannel channel, FileHeader.Section section, String file) {
    try {
      return Checksums.of(channel, section.offset(), section.bytes());
    } catch (IOException e) {
      throw new InvalidModelException(file, "cannot be read: " + e, e);
    }
  }

  private static void checkMachine(FileHeader header, String file) {
    int java = Runtime.version().feature();
    if (header.codeVersion() != KernelCode.VERSION) {
      throw new IncompatibleModelException(file, "was saved by another version of the library");
    }
    if (header.javaRelease() != java) {
      throw new IncompatibleModelException(
          file, "was saved on Java %d, this is Java %d".formatted(header.javaRelease(), java));
    }
    String architecture = System.getProperty("os.arch");
    if (!header.architecture().equals(architecture)) {
      throw new IncompatibleModelException(
          file, "was saved for %s, this is %s".formatted(header.architecture(), architecture));
    }
    if (header.vectorBits() > 0 && !HostTarget.hasVectorModule()) {
      throw new IncompatibleModelException(
          file, "has vector code, which needs the JVM flag " + HostTarget.VECTOR_FLAG);
    }
    int widest = HostTarget.vectorBits();
    if (header.vectorBits() > widest) {
      throw new IncompatibleModelException(
          file,
          "was saved for vectors of %d bits, this machine has %d"
              .formatted(header.vectorBits(), widest));
    }
    if (header.byteProducts() && !HostTarget.hasByteProducts()) {
      throw new IncompatibleModelException(
          file,
          "was saved for dot products of bytes (AVX-512 VNNI, executable memory), which this"
              + " process does not have");
    }
  }

  private static SavedModel load(
      MemorySegment mapped, FileHeader header, String file, Arena arena) {
    ByteBuffer programBytes = section(mapped, header.program(), file, "program");
    Map<CallForm, ByteBuffer> codes = new EnumMap<>(CallForm.class);
    for (CallForm form : CallForm.values()) {
      codes.put(form, section(mapped, header.code(form), file, "code"));
    }
    ByteBuffer codeBytes = codes.get(CallForm.ofHost());
    CompletableFuture<List<CompiledKernel>> code =
        CompletableFuture.supplyAsync(
            () -> code(new SectionReader(codeBytes, file + ", code")).load(file), THREADS);
    MemorySegment weights = mapped.asSlice(header.weights().offset(), header.weights().bytes());
    ProgramDecoder decoder =
        new ProgramDecoder(
            new SectionReader(programBytes, file + ", program"),
            weights,
            new Target(header.vectorBits(), false, header.byteProducts()));
    LoweredProgram program;
    try {
      program = decoder.decode();
    } finally {
      code.handle((_, _) -> 0).join();
    }
    List<CompiledKernel> loaded = joined(code);
    if (loaded.size() != decoder.kernels().size()) {
      throw new InvalidModelException(file, "has code for another number of kernels");
    }
    IdentityHashMap<Kernel, CompiledKernel> kernels = new IdentityHashMap<>();
    for (int i = 0; i < loaded.size(); i++) {
      kernels.put(decoder.kernels().get(i), loaded.get(i));
    }
    return new SavedModel(arena, mapped.byteSize(), program, decoder.chosenOrder(), kernels);
  }

  private static <T> T joined(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static ByteBuffer section(
      MemorySegment mapped, FileHeader.Section section, String file, String name) {
    if (section.bytes() > Integer.MAX_VALUE) {
      throw new InvalidModelException(file, "has an impossibly large section: " + name);
    }
    MemorySegment bytes = mapped.asSlice(section.offset(), section.bytes());
    if (Checksums.of(bytes) != section.checksum()) {
      throw new InvalidModelException(file, "is damaged: wrong checksum of the " + name);
    }
    return bytes.asByteBuffer();
  }

  private static KernelCode code(SectionReader in) {
    Map<String, byte[]> procedures = new TreeMap<>();
    in.list(() -> procedures.put(in.text(), in.blob()));
    List<byte[]> kernels = new ArrayList<>(in.list(in::blob));
    in.end();
    return new KernelCode(procedures, kernels);
  }

  /** The steps; valid until this is closed. */
  public LoweredProgram program() {
    return program;
  }

  /** Numbers of the steps in another order that needs less memory; empty if there is none. */
  public int[] chosenOrder() {
    return chosenOrder.clone();
  }

  /**
   * Code of a kernel of the program.
   *
   * @throws IllegalArgumentException if it belongs to another program
   */
  public CompiledKernel code(Kernel kernel) {
    CompiledKernel code = codes.get(kernel);
    if (code == null) {
      throw new IllegalArgumentException("no code for kernel '" + kernel.name() + "'");
    }
    return code;
  }

  /** Bytes of the mapping. */
  public long mappedBytes() {
    return mappedBytes;
  }

  /** Unmaps the file; the program must not be used any more. */
  @Override
  public void close() {
    arena.close();
  }
}
