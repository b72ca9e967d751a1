/** Flue: TCP connection offload for the JVM. */
package dev.flue;
