/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio's vendor capabilities; contract and format in virtio_pci_layout.h. */
#include <sys/systm.h>
#include <dev/virtio/virtio_pci_layout.h>

static const uint32_t piece_min[VPCI_PIECES] = {
    [VPCI_COMMON] = VPCI_COMMON_BYTES,
    [VPCI_NOTIFY] = 2,
    [VPCI_ISR] = 1,
    [VPCI_CONFIG] = 1,
};

bool
vpci_probe(const struct pci_func *pf)
{
	return (pf->pf_vendor == VPCI_VENDOR &&
	    pf->pf_device >= VPCI_DEVICE_LEGACY &&
	    pf->pf_device <= VPCI_DEVICE_LAST &&
	    pf->pf_header == PCI_HEADER_DEVICE);
}

uint32_t
vpci_type(const struct pci_func *pf)
{
	if (pf->pf_device >= VPCI_DEVICE_MODERN)
		return (pf->pf_device - VPCI_DEVICE_MODERN);
	return (pf->pf_subdevice); /* of a transitional one (4.1.2.1) */
}

/* The capability at cap, if it is the first that we can use of its type. */
static void
take_cap(const struct pci_func *pf, uint8_t cap, struct vpci_layout *vl)
{
	const struct pci_conf *pc = &pf->pf_conf;
	uint8_t bytes, type, bar, want;
	uint32_t off, len;

	if (cap + VPCI_CAP_BYTES > PCI_CONF_BYTES)
		return;
	bytes = (uint8_t)pci_conf_read(pc, cap + 2, 1);
	type = (uint8_t)pci_conf_read(pc, cap + 3, 1);
	bar = (uint8_t)pci_conf_read(pc, cap + 4, 1);
	want = type == VPCI_NOTIFY ? VPCI_CAP_NOTIFY_BYTES : VPCI_CAP_BYTES;
	if (type < VPCI_COMMON || type >= VPCI_PIECES || bytes < want ||
	    cap + want > PCI_CONF_BYTES || vl->vl_ranges[type].vr_there)
		return;
	off = pci_conf_read(pc, cap + 8, 4);
	len = pci_conf_read(pc, cap + 12, 4);
	if (len < piece_min[type] || off % 4 != 0 ||
	    !pci_func_range(pf, bar, off, len))
		return;
	vl->vl_ranges[type] = (struct vpci_range){bar, true, off, len};
	if (type == VPCI_NOTIFY)
		vl->vl_multiplier = pci_conf_read(pc, cap + 16, 4);
}

int
vpci_layout_decode(
    const struct pci_func *pf, struct vpci_layout *vl, const char **whyp)
{
	unsigned at = 0, ncaps = 0;
	uint8_t cap;

	memset(vl, 0, sizeof(*vl));
	while ((cap = pci_func_cap(pf, PCI_CAP_VENDOR, &at)) != 0) {
		ncaps++;
		take_cap(pf, cap, vl);
	}
	if (ncaps == 0) {
		*whyp = "is legacy only (no modern registers)";
		return (EIO);
	}
	if (!vl->vl_ranges[VPCI_COMMON].vr_there ||
	    !vl->vl_ranges[VPCI_NOTIFY].vr_there ||
	    !vl->vl_ranges[VPCI_ISR].vr_there) {
		*whyp = "has its registers where they cannot be";
		return (EIO);
	}
	/* Doorbells are 2 bytes wide and must be aligned (4.1.4.4.1). */
	if (vl->vl_multiplier % 2 != 0) {
		*whyp = "has doorbells at odd places";
		return (EIO);
	}
	return (0);
}
