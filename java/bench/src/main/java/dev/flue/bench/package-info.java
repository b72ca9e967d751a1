/** JMH benchmarks. */
package dev.flue.bench;
