/**
 * Machine code for what neither Java nor the Vector API can say: one micro-kernel that multiplies
 * bytes with the dot products of AVX-512 VNNI.
 */
package fluidml.emit.x86;
