/**
 * Compiled models as files: the steps of a program, class files of its kernels, and its constants
 * in the layout that kernels read, which are mapped, not loaded.
 */
package fluidml.saved;
