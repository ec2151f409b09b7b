/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a virtio PCI device has its registers (virtio 1.2, section 4.1.4): in
 * pieces of its BARs that vendor capabilities name.
 *
 *	capability: 0 id, 1 next, 2 length, 3 type, 4 BAR, 8 offset 4, 12 length 4;
 *	of type NOTIFY also 16: bytes between the doorbells of two queues.
 *
 *	common registers: 0 device feature word, 4 it, 8 driver feature word, 12
 *	it, 16 vector for changes 2, 18 queues 2, 20 status 1, 21 generation 1, 22
 *	queue 2; of that queue: 24 size 2, 26 vector 2, 28 enable 2, 30 doorbell
 *	2, 32 descriptors 8, 40 driver's ring 8, 48 device's ring 8.
 */
#ifndef DEV_VIRTIO_VIRTIO_PCI_LAYOUT_H
#define DEV_VIRTIO_VIRTIO_PCI_LAYOUT_H

#include <dev/pci/pci_conf.h>

#define VPCI_VENDOR	   0x1af4
#define VPCI_DEVICE_LEGACY 0x1000 /* to 0x103f: transitional or legacy */
#define VPCI_DEVICE_MODERN 0x1040 /* plus the device type */
#define VPCI_DEVICE_LAST   0x107f

#define VPCI_CAP_BYTES	      16
#define VPCI_CAP_NOTIFY_BYTES 20
#define VPCI_COMMON_BYTES     56
#define VPCI_NO_VECTOR	      0xffff

#define VPCI_C_DFSELECT	  0
#define VPCI_C_DF	  4
#define VPCI_C_GFSELECT	  8
#define VPCI_C_GF	  12
#define VPCI_C_MSIX	  16
#define VPCI_C_NQUEUES	  18
#define VPCI_C_STATUS	  20
#define VPCI_C_GENERATION 21
#define VPCI_C_QUEUE	  22
#define VPCI_C_Q_SIZE	  24
#define VPCI_C_Q_MSIX	  26
#define VPCI_C_Q_ENABLE	  28
#define VPCI_C_Q_NOTIFY	  30
#define VPCI_C_Q_DESC	  32
#define VPCI_C_Q_DRIVER	  40
#define VPCI_C_Q_DEVICE	  48

enum vpci_piece {
	VPCI_COMMON = 1,
	VPCI_NOTIFY = 2,
	VPCI_ISR = 3,
	VPCI_CONFIG = 4,
	VPCI_PIECES
};

struct vpci_range {
	uint8_t vr_bar;
	bool vr_there;
	uint32_t vr_off, vr_len; /* inside the BAR */
};

struct vpci_layout {
	struct vpci_range vl_ranges[VPCI_PIECES];
	uint32_t vl_multiplier;
};

/* Is it a virtio device that this driver may know? */
bool vpci_probe(const struct pci_func *pf);
/* 0, or EIO and what is wrong in *whyp.  VPCI_CONFIG may be missing. */
int vpci_layout_decode(
    const struct pci_func *pf, struct vpci_layout *vl, const char **whyp);
/* Device type of a modern or transitional device; 0: none that we know. */
uint32_t vpci_type(const struct pci_func *pf);

#endif
