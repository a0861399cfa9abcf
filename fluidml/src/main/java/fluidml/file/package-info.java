/** Files that are written whole or not at all. */
package fluidml.file;
