/** Runs programs: native memory, the thread team, the executor and the profiler. */
package fluidml.vm;
