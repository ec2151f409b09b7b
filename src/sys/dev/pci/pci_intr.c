/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of PCI devices.
 *
 * MSI-X: each entry of the device's table is a message of its own; ours goes
 * to the machine's address with the machine's data.  The function mask stays
 * set in the control word until the first entry is ready, and with MSI-X on
 * the line is off.
 *
 * The line: its number is what firmware left in the interrupt-line register,
 * taken as the global interrupt of that number.  Without the ACPI namespace
 * that is all there is; it holds where firmware wires lines below 16.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <dev/pci/pci.h>

MALLOC_DECLARE(M_PCI);

struct pci_intr {
	struct pci_intr *pi_next;
	struct intr *pi_intr;
};

unsigned
pci_msix_count(const struct pci_dev *pd)
{
	return (pd->pd_func.pf_msix.pm_entries);
}

/* The table mapped, each entry masked, MSI-X on.  0 or ENXIO. */
static int
msix_start(struct pci_dev *pd)
{
	const struct pci_msix *pm = &pd->pd_func.pf_msix;
	uint16_t at = pm->pm_cap + PCI_MSIX_CONTROL;
	uint32_t control, command;

	pd->pd_msix = pci_map(pd, pm->pm_bar, pm->pm_off,
	    (uint64_t)pm->pm_entries * PCI_MSIX_ENTRY_BYTES);
	if (pd->pd_msix == NULL)
		return (ENXIO);
	control = pci_read(pd, at, 2) | PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL;
	pci_write(pd, at, 2, control);
	for (unsigned i = 0; i < pm->pm_entries; i++)
		pd->pd_msix[i * 4 + 3] = PCI_MSIX_ENTRY_MASKED;
	command = pci_read(pd, PCI_COMMAND, 2);
	pci_write(pd, PCI_COMMAND, 2, command | PCI_CMD_INTX_OFF);
	pci_write(pd, at, 2, control & ~PCI_MSIX_MASK_ALL);
	return (0);
}

static void
msix_stop(struct pci_dev *pd)
{
	uint16_t at = pd->pd_func.pf_msix.pm_cap + PCI_MSIX_CONTROL;

	for (unsigned i = 0; i < pd->pd_func.pf_msix.pm_entries; i++)
		pd->pd_msix[i * 4 + 3] = PCI_MSIX_ENTRY_MASKED;
	pci_write(pd, at, 2, pci_read(pd, at, 2) & ~PCI_MSIX_ENABLE);
	pd->pd_msix = NULL;
}

int
pci_msix_add(struct pci_dev *pd, unsigned entry, intr_func_t func, void *arg,
    const char *name)
{
	struct pci_intr *pi;
	uint64_t addr;
	uint32_t data;
	int error;

	if (entry >= pci_msix_count(pd))
		return (ENXIO);
	if (pd->pd_msix == NULL && (error = msix_start(pd)) != 0)
		return (error);
	pi = kmalloc(sizeof(*pi), M_PCI, M_WAITOK);
	if (pi == NULL)
		return (ENOMEM);
	error = intr_msi_create(func, arg, name, &pi->pi_intr, &addr, &data);
	if (error != 0) {
		kfree(pi, M_PCI);
		return (error);
	}
	pi->pi_next = pd->pd_intrs;
	pd->pd_intrs = pi;
	pd->pd_msix[entry * 4] = (uint32_t)addr;
	pd->pd_msix[entry * 4 + 1] = (uint32_t)(addr >> 32);
	pd->pd_msix[entry * 4 + 2] = data;
	pd->pd_msix[entry * 4 + 3] = 0;
	return (0);
}

int
pci_line_add(struct pci_dev *pd, intr_func_t func, void *arg, const char *name)
{
	const struct pci_func *pf = &pd->pd_func;
	struct pci_intr *pi;
	int error;

	if (pf->pf_intr_pin == 0 || pf->pf_intr_line == PCI_INTR_LINE_NONE ||
	    pf->pf_intr_line == 0)
		return (ENXIO);
	pi = kmalloc(sizeof(*pi), M_PCI, M_WAITOK);
	if (pi == NULL)
		return (ENOMEM);
	error = intr_line_create(
	    pf->pf_intr_line, true, true, func, arg, name, &pi->pi_intr);
	if (error != 0) {
		kfree(pi, M_PCI);
		return (error);
	}
	pi->pi_next = pd->pd_intrs;
	pd->pd_intrs = pi;
	pci_write(pd, PCI_COMMAND, 2,
	    pci_read(pd, PCI_COMMAND, 2) & ~PCI_CMD_INTX_OFF);
	return (0);
}

void
pci_intr_remove(struct pci_dev *pd)
{
	struct pci_intr *pi;

	if (pd->pd_msix != NULL)
		msix_stop(pd);
	while ((pi = pd->pd_intrs) != NULL) {
		pd->pd_intrs = pi->pi_next;
		intr_destroy(pi->pi_intr);
		kfree(pi, M_PCI);
	}
}
