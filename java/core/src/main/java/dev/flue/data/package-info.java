/** The application's side: connections, bursts and loaned buffers. */
package dev.flue.data;
