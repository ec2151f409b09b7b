/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a machine with buses tells the drivers about them.  Like sys/intr.h: a
 * machine without buses has none of these functions and no such driver.  They
 * answer from SI_DRIVER on, and always the same.
 */
#ifndef SYS_BUS_H
#define SYS_BUS_H

#include <sys/types.h>

/* A window of PCI configuration space: 1 MiB for each bus. */
struct pci_ecam {
	paddr_t pe_pa; /* of bus 0, even if pe_bus_first is not 0 */
	uint16_t pe_segment;
	uint8_t pe_bus_first, pe_bus_last;
};
/* Machine: its i-th window.  0, or ENOENT after the last. */
int machine_pci_ecam(int i, struct pci_ecam *pe);
/*
 * Machine: it has PCI's configuration mechanism 1 (ports 0xcf8 and 0xcfc).
 * Asked only if there is no window.
 */
bool machine_pci_conf1(void);

/* Machine: the i-th virtio-mmio device and its line.  0, or ENOENT. */
int machine_virtio_mmio(int i, paddr_t *pa, size_t *len, uint32_t *gsi);

#endif
