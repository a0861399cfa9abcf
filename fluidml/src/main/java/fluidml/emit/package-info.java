/** What running code looks like to the virtual machine, whoever emitted it. */
package fluidml.emit;
