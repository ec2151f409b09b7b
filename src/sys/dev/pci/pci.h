/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI devices for their drivers.
 *
 * A driver is a module of class "dev" whose mod_load calls pci_driver_add.
 * Its probe and attach run then, and for each device that is found later; both
 * may sleep.  Attach returns 0 or an errno after a line of its own: the device
 * stays without a driver.  Devices are never removed.
 */
#ifndef DEV_PCI_PCI_H
#define DEV_PCI_PCI_H

#include <sys/intr.h>
#include <sys/queue.h>
#include <dev/pci/pci_conf.h>

struct pci_driver;
struct pci_intr;

struct pci_dev {
	TAILQ_ENTRY(pci_dev) pd_link; /* (pci_lock) */
	struct pci_func pd_func;      /* (c) as found at boot */
	uint16_t pd_segment;
	char pd_name[16];		    /* "pci0:3.0" */
	const struct pci_driver *pd_driver; /* (pci_lock) */
	void *pd_softc;			    /* the driver's */
	struct pci_intr *pd_intrs;	    /* (driver) established, a list */
	volatile uint32_t *pd_msix;	    /* (driver) table, NULL: unmapped */
};

struct pci_driver {
	TAILQ_ENTRY(pci_driver) prd_link; /* (pci_lock) */
	const char *prd_name;
	bool (*prd_probe)(const struct pci_dev *pd); /* is it yours? */
	int (*prd_attach)(struct pci_dev *pd);
};

void pci_driver_add(struct pci_driver *prd);

static inline uint32_t
pci_read(const struct pci_dev *pd, uint16_t off, int bytes)
{
	return (pci_conf_read(&pd->pd_func.pf_conf, off, bytes));
}

static inline void
pci_write(const struct pci_dev *pd, uint16_t off, int bytes, uint32_t value)
{
	pci_conf_write(&pd->pd_func.pf_conf, off, bytes, value);
}

/* Let it answer at its memory BARs and reach our memory. */
void pci_enable(struct pci_dev *pd);
/* It reaches our memory no more; its registers still answer. */
void pci_stop_dma(struct pci_dev *pd);
/* Kernel address of [off, off+len) of memory BAR bar; NULL: it cannot be. */
volatile void *pci_map(
    struct pci_dev *pd, unsigned bar, uint64_t off, uint64_t len);

/* How many MSI-X messages it can send; 0: only its line is there. */
unsigned pci_msix_count(const struct pci_dev *pd);
/* MSI-X entry calls func(arg).  0, ENOMEM, ENOSPC, ENXIO.  May sleep. */
int pci_msix_add(struct pci_dev *pd, unsigned entry, intr_func_t func,
    void *arg, const char *name);
/* Its line calls func(arg).  0, ENXIO (it has none), ENOMEM, ENOSPC. */
int pci_line_add(
    struct pci_dev *pd, intr_func_t func, void *arg, const char *name);
/* Give back what was added; none of the functions runs afterwards. */
void pci_intr_remove(struct pci_dev *pd);

#endif
