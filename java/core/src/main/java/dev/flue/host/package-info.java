/** The host stack: a whole TCP/IP that hands connections over and takes them back. */
package dev.flue.host;
