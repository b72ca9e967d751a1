/** The native engine as an offload target. */
package dev.flue.bindings;
