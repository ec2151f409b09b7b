/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is on a PCI bus, decoded from its configuration space.  Pure: the
 * registers are reached through functions, so it runs in tests on the host.
 * Nothing that a device says is believed without a check; what is wrong is
 * left out, and the first such thing is in pf_fault for one line.
 */
#ifndef DEV_PCI_PCI_CONF_H
#define DEV_PCI_PCI_CONF_H

#include <sys/types.h>
#include <dev/pci/pci_reg.h>

/* A read of what is not there gives ones; a write to it is lost. */
struct pci_conf_ops {
	uint32_t (*pco_read)(void *arg, uint8_t bus, uint8_t slot, uint8_t func,
	    uint16_t off, int bytes);
	void (*pco_write)(void *arg, uint8_t bus, uint8_t slot, uint8_t func,
	    uint16_t off, int bytes, uint32_t value);
};

/* The configuration space of one function. */
struct pci_conf {
	const struct pci_conf_ops *pc_ops;
	void *pc_arg;
	uint8_t pc_bus, pc_slot, pc_func;
};

enum pci_bar_kind {
	PCI_BAR_NONE,
	PCI_BAR_IOPORTS,
	PCI_BAR_MEM
};

struct pci_bar {
	enum pci_bar_kind pb_kind;
	uint64_t pb_base; /* 0: nobody gave it an address */
	uint64_t pb_size; /* a power of two */
};

struct pci_cap {
	uint8_t pca_id, pca_off;
};

struct pci_msix {
	uint16_t pm_entries; /* 0: none */
	uint8_t pm_cap;	     /* offset of the capability */
	uint8_t pm_bar;
	uint32_t pm_off; /* of the table in the BAR: all of it is inside */
};

struct pci_func {
	struct pci_conf pf_conf;
	uint16_t pf_vendor, pf_device, pf_subvendor, pf_subdevice;
	uint8_t pf_class, pf_subclass, pf_progif, pf_revision;
	uint8_t pf_header; /* type without the multifunction bit */
	bool pf_multi;
	uint8_t pf_intr_line, pf_intr_pin;
	uint8_t pf_secondary, pf_subordinate; /* bridges */
	uint8_t pf_ncaps;
	struct pci_cap pf_caps[PCI_CAPS_MAX];
	struct pci_bar pf_bars[PCI_BARS];
	struct pci_msix pf_msix;
	const char *pf_fault; /* NULL: all was well */
};

static inline uint32_t
pci_conf_read(const struct pci_conf *pc, uint16_t off, int bytes)
{
	return (pc->pc_ops->pco_read(
	    pc->pc_arg, pc->pc_bus, pc->pc_slot, pc->pc_func, off, bytes));
}

static inline void
pci_conf_write(const struct pci_conf *pc, uint16_t off, int bytes, uint32_t v)
{
	pc->pc_ops->pco_write(
	    pc->pc_arg, pc->pc_bus, pc->pc_slot, pc->pc_func, off, bytes, v);
}

/*
 * Decode the function at *pc.  0; ENXIO: nobody is there.  For a moment its
 * registers do not answer (BAR sizes), so it must not be in use; host bridges
 * and their like keep their decoding, and have no BARs here.
 */
int pci_func_decode(const struct pci_conf *pc, struct pci_func *pf);

/*
 * Every function on bus first and on the buses up to last that bridges lead
 * to, in order.  pc names the access; its address is not used.
 */
void pci_scan(const struct pci_conf *pc, uint8_t first, uint8_t last,
    void (*found)(void *arg, const struct pci_func *pf), void *arg);

/* Offset of the next capability id after *ip, 0 if none.  *ip starts at 0. */
uint8_t pci_func_cap(const struct pci_func *pf, uint8_t id, unsigned *ip);

/* Does [off, off+len) lie in memory BAR bar, and has that an address? */
bool pci_func_range(
    const struct pci_func *pf, unsigned bar, uint64_t off, uint64_t len);

#endif
