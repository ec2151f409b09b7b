/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI: which devices there are, and who drives them.
 *
 * 1. Configuration space is reached through ECAM windows, which the machine
 *    names (sys/bus.h), mapped bus by bus when a bus is first looked at; a
 *    machine without windows may have configuration mechanism 1, two ports.
 *
 * 2. At SI_DRIVER every bus that bridges lead to is walked (pci_conf.c) and
 *    each function becomes a struct pci_dev, for good.  Firmware has given out
 *    bus numbers and addresses; we change neither.  What it left without an
 *    address stays unused.
 *
 * 3. Drivers come as modules of class "dev", later.  A driver that is added
 *    is offered each device that has none yet.
 *
 * 4. A device that says something impossible is shown with one line and loses
 *    what the line names.  A function of which nobody reads the faulty part
 *    (pf_fault) works all the same.
 *
 * Locks: pci_lock (sleeping) guards both lists and pd_driver; probe and attach
 * run under it.  pci_conf1_spin is a leaf.
 */
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <cpu/io.h>
#include <dev/pci/pci.h>

MALLOC_DEFINE(M_PCI, "pci", "PCI devices and windows");
FAULT_POINT(fault_pci_attach, "pci_attach");

#define PCI_BUSES     256
#define PCI_BUS_BYTES (1UL << PCI_ECAM_BUS_SHIFT)

struct pci_window {
	struct pci_ecam pw_ecam;
	volatile uint8_t *pw_buses[PCI_BUSES]; /* mapped ones */
};

TAILQ_HEAD(pci_dev_list, pci_dev);
TAILQ_HEAD(pci_driver_list, pci_driver);
LOCK_DEFINE(pci_lock, "pci");
SPINLOCK_DEFINE(pci_conf1_spin, "pci conf1");
static struct pci_dev_list pci_devs = TAILQ_HEAD_INITIALIZER(pci_devs);
static struct pci_driver_list pci_drivers = TAILQ_HEAD_INITIALIZER(pci_drivers);

/* --- configuration space ------------------------------------------------------- */

/* The registers, or NULL where there is no such bus. */
static volatile void *
ecam_at(struct pci_window *pw, uint8_t bus, uint8_t slot, uint8_t func,
    uint16_t off)
{
	const struct pci_ecam *pe = &pw->pw_ecam;

	if (bus < pe->pe_bus_first || bus > pe->pe_bus_last)
		return (NULL);
	if (pw->pw_buses[bus] == NULL)
		pw->pw_buses[bus] =
		    device_map(pe->pe_pa + bus * PCI_BUS_BYTES, PCI_BUS_BYTES);
	if (pw->pw_buses[bus] == NULL)
		return (NULL);
	return (pw->pw_buses[bus] + ((size_t)slot << PCI_ECAM_SLOT_SHIFT) +
	    ((size_t)func << PCI_ECAM_FUNC_SHIFT) + off);
}

static uint32_t
ecam_read(
    void *arg, uint8_t bus, uint8_t slot, uint8_t func, uint16_t off, int bytes)
{
	volatile void *p = ecam_at(arg, bus, slot, func, off);

	if (p == NULL)
		return (0xffffffff);
	if (bytes == 1)
		return (*(volatile uint8_t *)p);
	if (bytes == 2)
		return (*(volatile uint16_t *)p);
	return (*(volatile uint32_t *)p);
}

static void
ecam_write(void *arg, uint8_t bus, uint8_t slot, uint8_t func, uint16_t off,
    int bytes, uint32_t value)
{
	volatile void *p = ecam_at(arg, bus, slot, func, off);

	if (p == NULL)
		return;
	if (bytes == 1)
		*(volatile uint8_t *)p = (uint8_t)value;
	else if (bytes == 2)
		*(volatile uint16_t *)p = (uint16_t)value;
	else
		*(volatile uint32_t *)p = value;
}

static const struct pci_conf_ops ecam_ops = {
    .pco_read = ecam_read,
    .pco_write = ecam_write,
};

/* (pci_conf1_spin) Choose the register; the data port for it. */
static uint16_t
conf1_select(uint8_t bus, uint8_t slot, uint8_t func, uint16_t off)
{
	SPIN_ASSERT(&pci_conf1_spin);
	io_out32(PCI_CONF1_ADDRESS,
	    PCI_CONF1_ENABLE | (uint32_t)bus << 16 | (uint32_t)slot << 11 |
		(uint32_t)func << 8 | (off & 0xfc));
	return (PCI_CONF1_DATA + (off & 3));
}

static uint32_t
conf1_read(
    void *arg, uint8_t bus, uint8_t slot, uint8_t func, uint16_t off, int bytes)
{
	uint32_t value;
	uint16_t port;

	spin_lock(&pci_conf1_spin);
	port = conf1_select(bus, slot, func, off);
	value = bytes == 1 ? io_in8(port)
	    : bytes == 2   ? io_in16(port)
			   : io_in32(port);
	spin_unlock(&pci_conf1_spin);
	return (value);
}

static void
conf1_write(void *arg, uint8_t bus, uint8_t slot, uint8_t func, uint16_t off,
    int bytes, uint32_t value)
{
	uint16_t port;

	spin_lock(&pci_conf1_spin);
	port = conf1_select(bus, slot, func, off);
	if (bytes == 1)
		io_out8(port, (uint8_t)value);
	else if (bytes == 2)
		io_out16(port, (uint16_t)value);
	else
		io_out32(port, value);
	spin_unlock(&pci_conf1_spin);
}

static const struct pci_conf_ops conf1_ops = {
    .pco_read = conf1_read,
    .pco_write = conf1_write,
};

/* --- devices ---------------------------------------------------------------------- */

/* arg: the segment. */
static void
dev_found(void *arg, const struct pci_func *pf)
{
	struct pci_dev *pd = kmalloc(sizeof(*pd), M_PCI, M_WAITOK | M_ZERO);

	if (pd == NULL) {
		kprintf("pci: no memory for a device, left out\n");
		return;
	}
	pd->pd_func = *pf;
	pd->pd_segment = *(const uint16_t *)arg;
	ksnprintf(pd->pd_name, sizeof(pd->pd_name), "pci%u:%u.%u",
	    pf->pf_conf.pc_bus, pf->pf_conf.pc_slot, pf->pf_conf.pc_func);
	TAILQ_INSERT_TAIL(&pci_devs, pd, pd_link);
	KTR_EVENT(MACHINE, pci_device, "bus=%u slot=%u func=%u id=%x class=%x",
	    pf->pf_conf.pc_bus, pf->pf_conf.pc_slot, pf->pf_conf.pc_func,
	    (uint64_t)pf->pf_vendor << 16 | pf->pf_device,
	    (uint64_t)pf->pf_class << 8 | pf->pf_subclass);
	if (pf->pf_fault != NULL)
		kprintf("%s: %04x:%04x: %s\n", pd->pd_name, pf->pf_vendor,
		    pf->pf_device, pf->pf_fault);
}

static void
scan_window(const struct pci_ecam *pe)
{
	struct pci_window *pw = kmalloc(sizeof(*pw), M_PCI, M_WAITOK | M_ZERO);
	struct pci_conf pc = {.pc_ops = &ecam_ops, .pc_arg = pw};
	uint16_t segment = pe->pe_segment;

	if (pw == NULL) {
		kprintf("pci: no memory for a window, left out\n");
		return;
	}
	if (pe->pe_bus_first > pe->pe_bus_last) {
		kprintf("pci: a window ends before it begins, left out\n");
		kfree(pw, M_PCI);
		return;
	}
	pw->pw_ecam = *pe;
	pci_scan(&pc, pe->pe_bus_first, pe->pe_bus_last, dev_found, &segment);
}

static void
pci_init(void)
{
	struct pci_conf pc = {.pc_ops = &conf1_ops};
	struct pci_ecam pe;
	uint16_t segment = 0;
	int n = 0;

	lock_excl(&pci_lock);
	while (machine_pci_ecam(n, &pe) == 0) {
		scan_window(&pe);
		n++;
	}
	if (n == 0 && machine_pci_conf1())
		pci_scan(&pc, 0, PCI_BUSES - 1, dev_found, &segment);
	lock_release(&pci_lock);
}
SYSINIT(pci, SI_DRIVER, pci_init);

void
pci_enable(struct pci_dev *pd)
{
	uint32_t command = pci_read(pd, PCI_COMMAND, 2);

	pci_write(pd, PCI_COMMAND, 2, command | PCI_CMD_MEM | PCI_CMD_MASTER);
}

void
pci_stop_dma(struct pci_dev *pd)
{
	uint32_t command = pci_read(pd, PCI_COMMAND, 2);

	pci_write(pd, PCI_COMMAND, 2, command & ~PCI_CMD_MASTER);
}

volatile void *
pci_map(struct pci_dev *pd, unsigned bar, uint64_t off, uint64_t len)
{
	if (!pci_func_range(&pd->pd_func, bar, off, len))
		return (NULL);
	return (device_map(pd->pd_func.pf_bars[bar].pb_base + off, len));
}

/* --- drivers ------------------------------------------------------------------------ */

/* (pci_lock) */
static void
offer(struct pci_driver *prd, struct pci_dev *pd)
{
	int error;

	if (pd->pd_driver != NULL || !prd->prd_probe(pd))
		return;
	error = fault_fires(&fault_pci_attach) ? ENOMEM : prd->prd_attach(pd);
	KTR_EVENT(MACHINE, pci_attach, "dev=%p driver=%s error=%d", KTRP(pd),
	    KTRS(prd->prd_name), error);
	if (error == 0)
		pd->pd_driver = prd;
}

void
pci_driver_add(struct pci_driver *prd)
{
	struct pci_dev *pd;

	lock_excl(&pci_lock);
	TAILQ_INSERT_TAIL(&pci_drivers, prd, prd_link);
	TAILQ_FOREACH(pd, &pci_devs, pd_link)
		offer(prd, pd);
	lock_release(&pci_lock);
}

/* --- debugger ------------------------------------------------------------------------- */

static void
show_bars(const struct pci_func *pf)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *pb = &pf->pf_bars[i];

		if (pb->pb_kind != PCI_BAR_NONE)
			kprintf("  bar %u: %s %#lx, %#lx bytes\n", i,
			    pb->pb_kind == PCI_BAR_MEM ? "memory" : "ports",
			    pb->pb_base, pb->pb_size);
	}
}

static void
pci_ddb_show(const char *arg)
{
	const struct pci_dev *pd;

	TAILQ_FOREACH(pd, &pci_devs, pd_link) {
		const struct pci_func *pf = &pd->pd_func;

		kprintf("%s %04x:%04x class %02x.%02x.%02x line %u msix %u "
			"driver %s%s%s\n",
		    pd->pd_name, pf->pf_vendor, pf->pf_device, pf->pf_class,
		    pf->pf_subclass, pf->pf_progif, pf->pf_intr_line,
		    pf->pf_msix.pm_entries,
		    pd->pd_driver != NULL ? pd->pd_driver->prd_name : "none",
		    pf->pf_fault != NULL ? ": " : "",
		    pf->pf_fault != NULL ? pf->pf_fault : "");
		show_bars(pf);
	}
}
DDB_COMMAND(pci, "show pci", pci_ddb_show, "PCI devices and their drivers");
