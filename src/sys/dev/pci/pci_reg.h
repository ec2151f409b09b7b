/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space (PCI Local Bus 3.0 chapter 6, PCI Express base
 * chapter 7), as far as this kernel uses it.
 *
 *	offset	size	meaning
 *	0x00	2	vendor; ones: nobody is there
 *	0x02	2	device
 *	0x04	2	command
 *	0x06	2	status
 *	0x08	4	revision, programming interface, subclass, class
 *	0x0e	1	header type; bit 7: more than one function
 *	0x10	4 x 6	base addresses (bridges: 2)
 *	0x18	1 x 3	bridges: primary, secondary, subordinate bus
 *	0x2c	2, 2	subsystem vendor, subsystem
 *	0x34	1	first capability
 *	0x3c	1, 1	interrupt line, interrupt pin (0: none)
 */
#ifndef DEV_PCI_PCI_REG_H
#define DEV_PCI_PCI_REG_H

#define PCI_VENDOR	0x00
#define PCI_DEVICE	0x02
#define PCI_COMMAND	0x04
#define PCI_STATUS	0x06
#define PCI_REVISION	0x08
#define PCI_HEADER	0x0e
#define PCI_BAR0	0x10
#define PCI_SECONDARY	0x19
#define PCI_SUBORDINATE 0x1a
#define PCI_SUBVENDOR	0x2c
#define PCI_SUBDEVICE	0x2e
#define PCI_CAPABILITY	0x34
#define PCI_INTR_LINE	0x3c
#define PCI_INTR_PIN	0x3d

#define PCI_CONF_BYTES 0x100 /* what the capability list lies in */
#define PCI_CAPS_FIRST 0x40
#define PCI_CAPS_MAX   ((PCI_CONF_BYTES - PCI_CAPS_FIRST) / 4)
#define PCI_BARS       6
#define PCI_SLOTS      32
#define PCI_FUNCS      8

#define PCI_CMD_IO	    0x0001
#define PCI_CMD_MEM	    0x0002
#define PCI_CMD_MASTER	    0x0004
#define PCI_CMD_INTX_OFF    0x0400
#define PCI_STATUS_CAPS	    0x0010
#define PCI_HEADER_TYPE	    0x7f
#define PCI_HEADER_MULTI    0x80
#define PCI_HEADER_DEVICE   0x00
#define PCI_HEADER_BRIDGE   0x01
#define PCI_CLASS_BRIDGE    0x06
#define PCI_BAR_IO	    0x1
#define PCI_BAR_TYPE	    0x6 /* of a memory BAR */
#define PCI_BAR_TYPE_64	    0x4
#define PCI_BAR_PREFETCH    0x8
#define PCI_BAR_MEM_FLAGS   0xf
#define PCI_BAR_IO_FLAGS    0x3
#define PCI_CAP_VENDOR	    0x09
#define PCI_CAP_MSIX	    0x11
#define PCI_INTR_LINE_NONE  0xff
#define PCI_VENDOR_ABSENT   0xffff
#define PCI_CONF1_ADDRESS   0xcf8
#define PCI_CONF1_DATA	    0xcfc
#define PCI_CONF1_ENABLE    0x80000000U
#define PCI_ECAM_BUS_SHIFT  20
#define PCI_ECAM_SLOT_SHIFT 15
#define PCI_ECAM_FUNC_SHIFT 12

/* MSI-X: control word at +2, table at +4; then 16 bytes for each entry. */
#define PCI_MSIX_CONTROL      2
#define PCI_MSIX_TABLE	      4
#define PCI_MSIX_CAP_BYTES    12
#define PCI_MSIX_ENTRIES      0x07ff /* minus one */
#define PCI_MSIX_MASK_ALL     0x4000
#define PCI_MSIX_ENABLE	      0x8000
#define PCI_MSIX_BAR	      0x7
#define PCI_MSIX_ENTRY_BYTES  16
#define PCI_MSIX_ENTRY_MASKED 0x1

#endif
