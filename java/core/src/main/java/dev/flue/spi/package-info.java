/** What an implementation of a target, a link or of system calls provides. */
package dev.flue.spi;
