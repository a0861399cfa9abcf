/** The command line {@code bin/fluidml}: one class per command. */
package fluidml.cli;
