/** Intermediate drivers: a target to what is above, a host stack to what is below. */
package dev.flue.im;
