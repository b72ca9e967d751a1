/** Tests on DPDK virtual devices, network namespaces and PCI ports. */
package dev.flue.hwtests;
