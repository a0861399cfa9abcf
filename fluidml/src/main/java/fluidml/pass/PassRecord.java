package fluidml.pass;

/**
 * What one pass did to one graph.
 *
 * @param pass its name
 * @param index its place in the pipeline, from 0
 * @param nodesBefore nodes it was given
 * @param nodesAfter nodes it left
 * @param changed whether it changed anything
 * @param nanos time it took, without verification
 */
public record PassRecord(
    String pass, int index, int nodesBefore, int nodesAfter, boolean changed, long nanos) {}
