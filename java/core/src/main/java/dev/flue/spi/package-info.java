// SPDX-License-Identifier: Apache-2.0
/** What an implementation of target, link, memory or system calls provides to the core. */
package dev.flue.spi;
