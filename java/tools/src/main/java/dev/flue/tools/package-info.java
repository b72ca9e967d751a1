/** The {@code flue} command. */
package dev.flue.tools;
