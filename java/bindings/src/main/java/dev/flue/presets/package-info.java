/** JavaCPP's instructions for the headers of libflue. */
package dev.flue.presets;
