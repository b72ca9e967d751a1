/** Block lists, handles, state objects and statuses: the words of the offload contract. */
package dev.flue.offload;
