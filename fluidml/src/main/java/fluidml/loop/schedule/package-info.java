/** Schedules: how an operator becomes a loop nest. They know buffers and sizes, no graph. */
package fluidml.loop.schedule;
