package fluidml.tune;

import fluidml.graph.Graph;
import fluidml.graph.Node;
import fluidml.graph.Value;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names a graph by its structure, so that a choice is found again when the model is loaded. */
public final class ModelKey {
  private ModelKey() {}

  /**
   * The key of a graph.
   *
   * @param graph after the passes
   * @param threads that share a run
   * @param setting whatever else lowering depends on
   */
  public static String of(Graph graph, int threads, String setting) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      add(digest, setting + " " + threads);
      graph.inputs().forEach(v -> add(digest, v));
      for (Node node : graph.nodes()) {
        add(digest, node.op().mnemonic() + " " + node.name());
        node.inputs().forEach(v -> add(digest, v.name()));
        node.outputs().forEach(v -> add(digest, v));
      }
      graph.outputs().forEach(v -> add(digest, v.name()));
      return HexFormat.of().formatHex(digest.digest(), 0, 12);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void add(MessageDigest digest, Value value) {
    add(digest, value.isPresent() ? value.name() + " " + value.type() : "-");
  }

  private static void add(MessageDigest digest, String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) '\n');
  }
}
