package fluidml.reference;

import fluidml.tensor.DType;
import fluidml.tensor.Tensor;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decoding of image files with what the JDK's module {@code java.desktop} can read. The only class
 * that needs that module; using it throws LinkageError where a Java runtime lacks it.
 */
final class ImageFiles {
  private ImageFiles() {}

  /**
   * The pixels of an encoded image: uint8 [height, width, 3], or 1 channel for Grayscale; empty if
   * no decoder knows the file format.
   *
   * @param format RGB, BGR or Grayscale
   */
  static Optional<Tensor> decode(String format, Tensor file) {
    byte[] bytes = file.data().toArray(ValueLayout.JAVA_BYTE);
    try {
      BufferedImage image =
          ImageIO.read(new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes)));
      return Optional.ofNullable(image).map(decoded -> pixels(decoded, format));
    } catch (IOException e) {
      throw new IllegalArgumentException("the image cannot be decoded: " + e.getMessage(), e);
    }
  }

  private static Tensor pixels(BufferedImage image, String format) {
    int channels = format.equals("Grayscale") ? 1 : 3;
    Tensor result = Tensor.allocate(DType.UINT8, image.getHeight(), image.getWidth(), channels);
    long next = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        int rgb = rgb(image, x, y);
        int red = rgb >> 16 & 255;
        int green = rgb >> 8 & 255;
        int blue = rgb & 255;
        if (channels == 1) {
          // ITU-R 601-2 luma in 16-bit fixed point
          result.setLong(next++, (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
        } else {
          boolean bgr = format.equals("BGR");
          result.setLong(next++, bgr ? blue : red);
          result.setLong(next++, green);
          result.setLong(next++, bgr ? red : blue);
        }
      }
    }
    return result;
  }

  /** A pixel as 0xRRGGBB; grey samples are taken as they are, without a change of gamma. */
  private static int rgb(BufferedImage image, int x, int y) {
    Raster raster = image.getRaster();
    int bits = raster.getSampleModel().getSampleSize(0);
    if (image.getType() == BufferedImage.TYPE_BYTE_GRAY
        || image.getType() == BufferedImage.TYPE_USHORT_GRAY) {
      int grey = raster.getSample(x, y, 0) >> (bits - 8);
      return grey << 16 | grey << 8 | grey;
    }
    return image.getRGB(x, y) & 0xFFFFFF;
  }
}
