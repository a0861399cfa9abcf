package fluidml.conformance;

/**
 * Why an engine does not pass a case.
 *
 * @param reason for people
 * @param varies whether the case passes on some machines or by chance
 */
record KnownGap(String reason, boolean varies) {}
