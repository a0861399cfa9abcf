package fluidml.onnx.proto;

import java.util.List;

/**
 * A named constant argument of a node.
 *
 * @param name the attribute's name
 * @param value its value, or a reference to an attribute of the enclosing function
 */
public record AttributeProto(String name, Value value) {

  /** A value of one of ONNX's attribute types. */
  public sealed interface Value {}

  /** A float. */
  public record FloatValue(float value) implements Value {}

  /** An integer. */
  public record IntValue(long value) implements Value {}

  /** Text. */
  public record StringValue(String value) implements Value {}

  /** A dense tensor. */
  public record TensorValue(TensorProto value) implements Value {}

  /** A subgraph. */
  public record GraphValue(GraphProto value) implements Value {}

  /** A sparse tensor. */
  public record SparseTensorValue(SparseTensorProto value) implements Value {}

  /** A type. */
  public record TypeValue(TypeProto value) implements Value {}

  /** Floats. */
  public record FloatList(List<Float> values) implements Value {
    /** Copies the list. */
    public FloatList {
      values = NumberLists.copyFloats(values);
    }
  }

  /** Integers. */
  public record IntList(List<Long> values) implements Value {
    /** Copies the list. */
    public IntList {
      values = NumberLists.copyLongs(values);
    }
  }

  /** Texts. */
  public record StringList(List<String> values) implements Value {
    /** Copies the list. */
    public StringList {
      values = List.copyOf(values);
    }
  }

  /** Dense tensors. */
  public record TensorList(List<TensorProto> values) implements Value {
    /** Copies the list. */
    public TensorList {
      values = List.copyOf(values);
    }
  }

  /** Subgraphs. */
  public record GraphList(List<GraphProto> values) implements Value {
    /** Copies the list. */
    public GraphList {
      values = List.copyOf(values);
    }
  }

  /** Sparse tensors. */
  public record SparseTensorList(List<SparseTensorProto> values) implements Value {
    /** Copies the list. */
    public SparseTensorList {
      values = List.copyOf(values);
    }
  }

  /** Types. */
  public record TypeList(List<TypeProto> values) implements Value {
    /** Copies the list. */
    public TypeList {
      values = List.copyOf(values);
    }
  }

  /**
   * The value of the enclosing function's attribute at each call.
   *
   * @param attribute that attribute's name
   * @param type ONNX's number of the attribute type
   */
  public record Reference(String attribute, int type) implements Value {}

  /** A float attribute. */
  public static AttributeProto of(String name, float value) {
    return new AttributeProto(name, new FloatValue(value));
  }

  /** An integer attribute. */
  public static AttributeProto of(String name, long value) {
    return new AttributeProto(name, new IntValue(value));
  }

  /** An integer attribute. */
  public static AttributeProto of(String name, int value) {
    return of(name, (long) value);
  }

  /** A text attribute. */
  public static AttributeProto of(String name, String value) {
    return new AttributeProto(name, new StringValue(value));
  }

  /** A tensor attribute. */
  public static AttributeProto of(String name, TensorProto value) {
    return new AttributeProto(name, new TensorValue(value));
  }

  /** A subgraph attribute. */
  public static AttributeProto of(String name, GraphProto value) {
    return new AttributeProto(name, new GraphValue(value));
  }

  /** A type attribute. */
  public static AttributeProto of(String name, TypeProto value) {
    return new AttributeProto(name, new TypeValue(value));
  }

  /** An attribute of integers. */
  public static AttributeProto ofInts(String name, long... values) {
    return new AttributeProto(name, new IntList(NumberLists.of(values)));
  }

  /** An attribute of floats. */
  public static AttributeProto ofFloats(String name, float... values) {
    return new AttributeProto(name, new FloatList(NumberLists.of(values)));
  }

  /** An attribute of texts. */
  public static AttributeProto ofStrings(String name, List<String> values) {
    return new AttributeProto(name, new StringList(values));
  }
}
