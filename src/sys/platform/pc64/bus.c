/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buses of the PC for their drivers (contract: sys/bus.h): ECAM windows
 * from ACPI's MCFG, else configuration mechanism 1 if its address register
 * keeps what is written; and virtio-mmio from ACPI's DSDT, or without ACPI
 * from the command line, which QEMU's microvm then completes with a word for
 * each device:
 *
 *	virtio_mmio.device=SIZE@ADDRESS:GSI
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/bus.h>
#include <cpu/io.h>
#include "pc_var.h"

#define CONF1_ADDRESS 0xcf8
#define CONF1_ENABLE  0x80000000U
#define VIRTIO_WORD   "virtio_mmio.device="

int
machine_pci_ecam(int i, struct pci_ecam *pe)
{
	const struct acpi_ecam *ae = &pc_acpi.acpi_ecams[i];

	if (!pc_acpi.acpi_present || i >= pc_acpi.acpi_necams)
		return (ENOENT);
	*pe = (struct pci_ecam){
	    ae->ae_pa, ae->ae_segment, ae->ae_bus_first, ae->ae_bus_last};
	return (0);
}

bool
machine_pci_conf1(void)
{
	io_out32(CONF1_ADDRESS, CONF1_ENABLE);
	return (io_in32(CONF1_ADDRESS) == CONF1_ENABLE);
}

/* The number up to stop, which is taken too; false if there is none. */
static bool
number(const char **pp, char stop, uint64_t *valuep)
{
	char digits[24];
	size_t n = 0;
	const char *p = *pp;

	while (p[n] != stop && p[n] != ' ' && p[n] != '\0' &&
	    n < sizeof(digits) - 1)
		n++;
	memcpy(digits, p, n);
	digits[n] = '\0';
	if (p[n] != stop && !(stop == ' ' && p[n] == '\0'))
		return (false);
	*pp = p + n + (p[n] == '\0' ? 0 : 1);
	return (kstrtou64(digits, 0, valuep) == 0);
}

static bool
virtio_word(const char *p, paddr_t *pa, size_t *len, uint32_t *gsi)
{
	uint64_t bytes, base, line;

	if (!number(&p, '@', &bytes) || !number(&p, ':', &base) ||
	    !number(&p, ' ', &line) || bytes == 0 || bytes > PAGE_SIZE ||
	    base % 4 != 0 || line > UINT32_MAX)
		return (false);
	*pa = base;
	*len = bytes;
	*gsi = (uint32_t)line;
	return (true);
}

/* A word that is wrong does not count. */
int
machine_virtio_mmio(int i, paddr_t *pa, size_t *len, uint32_t *gsi)
{
	const struct acpi_virtio *av = &pc_acpi.acpi_virtios[i];
	const char *p = boot_cmdline;

	if (pc_acpi.acpi_nvirtios > 0) {
		if (i >= pc_acpi.acpi_nvirtios)
			return (ENOENT);
		*pa = av->av_pa;
		*len = av->av_bytes;
		*gsi = av->av_gsi;
		return (0);
	}
	for (; (p = strstr(p, VIRTIO_WORD)) != NULL; i--) {
		p += strlen(VIRTIO_WORD);
		if (i > 0)
			continue;
		if (virtio_word(p, pa, len, gsi))
			return (0);
		kprintf("pc64: command line: virtio_mmio.device is not "
			"SIZE@ADDRESS:GSI, left out\n");
		i++;
	}
	return (ENOENT);
}
