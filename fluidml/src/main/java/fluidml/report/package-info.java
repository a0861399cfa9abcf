/** What people and tools read about a run: tables, latency statistics, traces. */
package fluidml.report;
