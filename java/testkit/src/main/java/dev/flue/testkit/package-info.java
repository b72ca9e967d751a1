/** Simulator, conformance tests over any offload target, and rule ids. */
package dev.flue.testkit;
