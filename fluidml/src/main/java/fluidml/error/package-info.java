/**
 * Every exception the library throws on purpose: one unchecked root, one type per kind of reaction.
 */
package fluidml.error;
