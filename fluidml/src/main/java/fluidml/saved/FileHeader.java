package fluidml.saved;

import fluidml.emit.jvm.CallForm;
import fluidml.error.IncompatibleModelException;
import fluidml.error.InvalidModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The first page of a file: what it is, what it was made for, and where its sections are. All
 * numbers are little-endian.
 *
 * @param codeVersion what emitted code expects of the library around it
 * @param javaRelease feature release of the JVM it was made on
 * @param vectorBits width of the vectors in its code
 * @param byteProducts whether its code needs machine code for products of bytes
 * @param architecture {@code os.arch} of the machine it was made on
 * @param program steps and tables
 * @param apiCode class files that call the platform's public methods
 * @param intrinsicCode the same for JVMs that allow {@link CallForm#INTRINSICS}
 * @param weights constants; the last section, at a page boundary
 */
record FileHeader(
    int codeVersion,
    int javaRelease,
    int vectorBits,
    boolean byteProducts,
    String architecture,
    Section program,
    Section apiCode,
    Section intrinsicCode,
    Section weights) {
  /** A part of the file with its checksum. */
  record Section(long offset, long bytes, int checksum) {
    long end() {
      return offset + bytes;
    }
  }

  /** Bytes of the header; sections begin at multiples of it. */
  static final int PAGE = 4096;

  /** Version of the format. */
  static final int VERSION = 2;

  private static final byte[] MAGIC = {'F', 'L', 'U', 'I', 'D', 'M', 'L', 0x1a};
  private static final int CHECKED_FROM = 16;
  private static final int ARCHITECTURE_BYTES = 16;

  private List<Section> sections() {
    return List.of(program, apiCode, intrinsicCode, weights);
  }

  /** The class files that call what the form says. */
  Section code(CallForm form) {
    return form == CallForm.API ? apiCode : intrinsicCode;
  }

  /** Whether a file that begins with these bytes is a compiled model. */
  static boolean hasMagic(byte[] begin) {
    return begin.length >= MAGIC.length
        && Arrays.equals(MAGIC, 0, MAGIC.length, begin, 0, MAGIC.length);
  }

  /** The page. */
  byte[] encode() {
    ByteBuffer page = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
    page.put(MAGIC).putInt(VERSION).position(CHECKED_FROM);
    page.putInt(codeVersion).putInt(javaRelease).putInt(vectorBits).putInt(byteProducts ? 1 : 0);
    page.put(Arrays.copyOf(architecture.getBytes(StandardCharsets.US_ASCII), ARCHITECTURE_BYTES));
    for (Section section : sections()) {
      page.putLong(section.offset).putLong(section.bytes).putInt(section.checksum).putInt(0);
    }
    return page.putInt(12, checksum(page.array())).array();
  }

  private static int checksum(byte[] page) {
    CRC32C crc = new CRC32C();
    crc.update(page, CHECKED_FROM, PAGE - CHECKED_FROM);
    return (int) crc.getValue();
  }

  /**
   * Reads a page.
   *
   * @param file its name, for messages
   * @param length bytes of the whole file
   * @throws InvalidModelException if the page is damaged or the file has another length
   * @throws IncompatibleModelException if the file has another version
   */
  static FileHeader decode(byte[] bytes, String file, long length) {
    if (bytes.length < PAGE) {
      throw new InvalidModelException(file, "is cut off in its first page");
    }
    ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int version = page.getInt(8);
    if (version != VERSION) {
      throw new IncompatibleModelException(
          file, "has version %d of the format, this is version %d".formatted(version, VERSION));
    }
    if (page.getInt(12) != checksum(bytes)) {
      throw new InvalidModelException(file, "is damaged: wrong checksum of the first page");
    }
    page.position(CHECKED_FROM);
    int codeVersion = page.getInt();
    int java = page.getInt();
    int bits = page.getInt();
    boolean byteProducts = page.getInt() != 0;
    byte[] architecture = new byte[ARCHITECTURE_BYTES];
    page.get(architecture);
    FileHeader header =
        new FileHeader(
            codeVersion,
            java,
            bits,
            byteProducts,
            new String(architecture, StandardCharsets.US_ASCII).replace("\0", ""),
            section(page),
            section(page),
            section(page),
            section(page));
    long end = PAGE;
    for (Section section : header.sections()) {
      if (section.offset < end || section.bytes < 0 || section.offset > Long.MAX_VALUE / 2) {
        throw new InvalidModelException(file, "has a section at an impossible place");
      }
      end = Math.addExact(section.offset, Math.min(section.bytes, Long.MAX_VALUE / 4));
    }
    if (end != length) {
      throw new InvalidModelException(
          file, "is cut off or continued: %d bytes instead of %d".formatted(length, end));
    }
    return header;
  }

  private static Section section(ByteBuffer page) {
    Section section = new Section(page.getLong(), page.getLong(), page.getInt());
    page.getInt();
    return section;
  }
}
