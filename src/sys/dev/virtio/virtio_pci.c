/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI, modern registers only (virtio 1.2, section 4.1).
 *
 * Interrupts, the first of these that works: a message for each queue and one
 * for changes; one message for changes and one for all queues; one for all; the
 * line, with the interrupt status register.  A message does not say more than
 * its vector, so where one stands for several, all of them are looked at.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <dev/pci/pci.h>
#include <dev/virtio/virtio.h>
#include <dev/virtio/virtio_pci_layout.h>

MALLOC_DECLARE(M_VIRTIO);

enum vpci_mode { /* of interrupting */
	VPCI_PER_QUEUE,
	VPCI_TWO,
	VPCI_ONE,
	VPCI_LINE,
	VPCI_MODES
};
static const char *const mode_names[VPCI_MODES] = {
    "a message per queue", "two messages", "one message", "line"};

struct vpci {
	struct virtio_dev vp_dev;
	struct pci_dev *vp_pci;
	struct vpci_layout vp_layout;
	volatile uint8_t *vp_regs[VPCI_PIECES];
	enum vpci_mode vp_mode;
};

/* --- registers ----------------------------------------------------------------------- */

static struct vpci *
vpci_of(struct virtio_dev *vd)
{
	return (container_of(vd, struct vpci, vp_dev));
}

static uint8_t
common_read8(struct vpci *vp, unsigned off)
{
	return (*(vp->vp_regs[VPCI_COMMON] + off));
}

static uint16_t
common_read16(struct vpci *vp, unsigned off)
{
	return (*(volatile uint16_t *)(vp->vp_regs[VPCI_COMMON] + off));
}

static uint32_t
common_read32(struct vpci *vp, unsigned off)
{
	return (*(volatile uint32_t *)(vp->vp_regs[VPCI_COMMON] + off));
}

static void
common_write16(struct vpci *vp, unsigned off, uint16_t v)
{
	*(volatile uint16_t *)(vp->vp_regs[VPCI_COMMON] + off) = v;
}

static void
common_write32(struct vpci *vp, unsigned off, uint32_t v)
{
	*(volatile uint32_t *)(vp->vp_regs[VPCI_COMMON] + off) = v;
}

/* In two halves: not every device takes 8 bytes at once. */
static void
common_write64(struct vpci *vp, unsigned off, uint64_t v)
{
	common_write32(vp, off, (uint32_t)v);
	common_write32(vp, off + 4, (uint32_t)(v >> 32));
}

static uint8_t
vpci_status(struct virtio_dev *vd)
{
	return (common_read8(vpci_of(vd), VPCI_C_STATUS));
}

static void
vpci_set_status(struct virtio_dev *vd, uint8_t status)
{
	*(vpci_of(vd)->vp_regs[VPCI_COMMON] + VPCI_C_STATUS) = status;
}

static uint32_t
vpci_features(struct virtio_dev *vd, unsigned word)
{
	common_write32(vpci_of(vd), VPCI_C_DFSELECT, word);
	return (common_read32(vpci_of(vd), VPCI_C_DF));
}

static void
vpci_set_features(struct virtio_dev *vd, unsigned word, uint32_t features)
{
	common_write32(vpci_of(vd), VPCI_C_GFSELECT, word);
	common_write32(vpci_of(vd), VPCI_C_GF, features);
}

static uint32_t
vpci_generation(struct virtio_dev *vd)
{
	return (common_read8(vpci_of(vd), VPCI_C_GENERATION));
}

static size_t
vpci_config_bytes(struct virtio_dev *vd)
{
	return (vpci_of(vd)->vp_layout.vl_ranges[VPCI_CONFIG].vr_len);
}

static uint32_t
vpci_config(struct virtio_dev *vd, unsigned off, int size)
{
	volatile uint8_t *p = vpci_of(vd)->vp_regs[VPCI_CONFIG] + off;

	if (size == 1)
		return (*p);
	if (size == 2)
		return (*(volatile uint16_t *)p);
	return (*(volatile uint32_t *)p);
}

/* --- queues ------------------------------------------------------------------------------ */

static uint32_t
vpci_queue_max(struct virtio_dev *vd, unsigned i)
{
	struct vpci *vp = vpci_of(vd);

	if (i >= common_read16(vp, VPCI_C_NQUEUES))
		return (0);
	common_write16(vp, VPCI_C_QUEUE, (uint16_t)i);
	return (common_read16(vp, VPCI_C_Q_SIZE));
}

/* The queue's doorbell, or NULL if that is not in the device's piece. */
static volatile uint16_t *
doorbell(struct vpci *vp)
{
	uint64_t off = (uint64_t)common_read16(vp, VPCI_C_Q_NOTIFY) *
	    vp->vp_layout.vl_multiplier;

	if (off + 2 > vp->vp_layout.vl_ranges[VPCI_NOTIFY].vr_len)
		return (NULL);
	return ((volatile uint16_t *)(vp->vp_regs[VPCI_NOTIFY] + off));
}

/* The entry whose message a queue sends. */
static uint16_t
queue_vector(const struct vpci *vp, unsigned i)
{
	switch (vp->vp_mode) {
	case VPCI_PER_QUEUE:
		return ((uint16_t)(i + 1));
	case VPCI_TWO:
		return (1);
	case VPCI_ONE:
		return (0);
	default:
		return (VPCI_NO_VECTOR);
	}
}

/* 0, or EIO: the device has no room for the vector. */
static int
set_vector(struct vpci *vp, unsigned reg, uint16_t vector)
{
	if (vp->vp_mode == VPCI_LINE)
		return (0);
	common_write16(vp, reg, vector);
	return (common_read16(vp, reg) == vector ? 0 : EIO);
}

static int
vpci_queue_enable(
    struct virtio_dev *vd, struct virtio_queue *q, const char **whyp)
{
	struct vpci *vp = vpci_of(vd);
	uint16_t size = q->q_vq.vq_size;
	paddr_t pa = kva_to_pa(q->q_mem);

	common_write16(vp, VPCI_C_QUEUE, q->q_index);
	if ((q->q_doorbell = doorbell(vp)) == NULL) {
		*whyp = "has its doorbell where it cannot be";
		return (EIO);
	}
	if (common_read16(vp, VPCI_C_Q_ENABLE) != 0) {
		*whyp = "is in use after a reset";
		return (EIO);
	}
	common_write16(vp, VPCI_C_Q_SIZE, size);
	if (common_read16(vp, VPCI_C_Q_SIZE) != size) {
		*whyp = "does not take its size";
		return (EIO);
	}
	if (set_vector(vp, VPCI_C_Q_MSIX, queue_vector(vp, q->q_index)) != 0) {
		*whyp = "does not take its interrupt";
		return (EIO);
	}
	common_write64(vp, VPCI_C_Q_DESC, pa);
	common_write64(vp, VPCI_C_Q_DRIVER, pa + virtq_driver_off(size));
	common_write64(vp, VPCI_C_Q_DEVICE, pa + virtq_device_off(size));
	common_write16(vp, VPCI_C_Q_ENABLE, 1);
	return (0);
}

static void
vpci_notify(struct virtio_queue *q)
{
	*q->q_doorbell = q->q_index;
}

/* --- interrupts ---------------------------------------------------------------------------- */

/* The line; others may share it.  Reading the status acknowledges. */
static void
vpci_line(void *arg)
{
	struct vpci *vp = arg;
	uint8_t isr = *vp->vp_regs[VPCI_ISR];

	if (isr == 0xff) {
		virtio_fail(&vp->vp_dev, "its interrupt status reads as ones");
		return;
	}
	if ((isr & VIRTIO_ISR_QUEUE) != 0)
		virtio_intr_queues(&vp->vp_dev);
	if ((isr & VIRTIO_ISR_CONFIG) != 0)
		virtio_intr_config(&vp->vp_dev);
}

static int
start_messages(struct vpci *vp, unsigned count, intr_func_t first)
{
	struct virtio_dev *vd = &vp->vp_dev;
	int error = pci_msix_add(vp->vp_pci, 0, first, vd, vd->vd_name);

	for (unsigned i = 1; i < count && error == 0; i++)
		error = vp->vp_mode == VPCI_TWO
		    ? pci_msix_add(
			  vp->vp_pci, i, virtio_intr_queues, vd, vd->vd_name)
		    : pci_msix_add(vp->vp_pci, i, virtio_intr_queue,
			  &vd->vd_queues[i - 1], vd->vd_name);
	return (error);
}

/* 0, ENXIO (it does not have so many), ENOMEM, ENOSPC. */
static int
try_mode(struct vpci *vp, enum vpci_mode mode)
{
	unsigned nqueues = vp->vp_dev.vd_nqueues;
	unsigned wants[] = {
	    [VPCI_PER_QUEUE] = nqueues + 1, [VPCI_TWO] = 2, [VPCI_ONE] = 1};
	int error;

	vp->vp_mode = mode;
	if (mode == VPCI_LINE)
		return (pci_line_add(
		    vp->vp_pci, vpci_line, vp, vp->vp_dev.vd_name));
	if (pci_msix_count(vp->vp_pci) < wants[mode])
		return (ENXIO);
	error = start_messages(vp, wants[mode],
	    mode == VPCI_ONE ? virtio_intr_any : virtio_intr_config);
	if (error == 0 && set_vector(vp, VPCI_C_MSIX, 0) != 0)
		error = EIO;
	return (error);
}

static int
vpci_intr_start(struct virtio_dev *vd)
{
	struct vpci *vp = vpci_of(vd);
	int error = ENXIO;

	for (enum vpci_mode mode = 0; mode < VPCI_MODES; mode++) {
		error = try_mode(vp, mode);
		if (error == 0) {
			vd->vd_intr = mode_names[mode];
			return (0);
		}
		pci_intr_remove(vp->vp_pci);
	}
	return (error);
}

static void
vpci_stop(struct virtio_dev *vd)
{
	struct vpci *vp = vpci_of(vd);

	pci_intr_remove(vp->vp_pci);
	pci_stop_dma(vp->vp_pci);
}

/* --- finding ------------------------------------------------------------------------------------ */

static const struct virtio_transport vpci_transport = {
    .vt_name = "pci",
    .vt_status = vpci_status,
    .vt_set_status = vpci_set_status,
    .vt_features = vpci_features,
    .vt_set_features = vpci_set_features,
    .vt_generation = vpci_generation,
    .vt_config_bytes = vpci_config_bytes,
    .vt_config = vpci_config,
    .vt_queue_max = vpci_queue_max,
    .vt_queue_enable = vpci_queue_enable,
    .vt_notify = vpci_notify,
    .vt_intr_start = vpci_intr_start,
    .vt_stop = vpci_stop,
};

static bool
vpci_pci_probe(const struct pci_dev *pd)
{
	return (vpci_probe(&pd->pd_func));
}

static int
map_pieces(struct vpci *vp)
{
	for (unsigned i = VPCI_COMMON; i < VPCI_PIECES; i++) {
		const struct vpci_range *vr = &vp->vp_layout.vl_ranges[i];

		if (!vr->vr_there)
			continue;
		vp->vp_regs[i] =
		    pci_map(vp->vp_pci, vr->vr_bar, vr->vr_off, vr->vr_len);
		if (vp->vp_regs[i] == NULL)
			return (ENOMEM);
	}
	return (0);
}

static int
vpci_attach(struct pci_dev *pd)
{
	struct vpci *vp;
	const char *why = "";
	int error;

	vp = kmalloc(sizeof(*vp), M_VIRTIO, M_WAITOK | M_ZERO);
	if (vp == NULL)
		return (ENOMEM);
	vp->vp_pci = pd;
	error = vpci_layout_decode(&pd->pd_func, &vp->vp_layout, &why);
	if (error == 0 && (error = map_pieces(vp)) != 0)
		why = "finds no room for its registers";
	if (error != 0) {
		kprintf("%s: virtio %04x: %s, left out\n", pd->pd_name,
		    pd->pd_func.pf_device, why);
		kfree(vp, M_VIRTIO);
		return (error);
	}
	pci_enable(pd);
	pd->pd_softc = vp;
	vp->vp_dev.vd_ops = &vpci_transport;
	vp->vp_dev.vd_where = pd->pd_name;
	vp->vp_dev.vd_type = vpci_type(&pd->pd_func);
	virtio_dev_add(&vp->vp_dev);
	return (0);
}

static struct pci_driver vpci_driver = {
    .prd_name = "virtio",
    .prd_probe = vpci_pci_probe,
    .prd_attach = vpci_attach,
};

static int
vpci_load(void)
{
	pci_driver_add(&vpci_driver);
	return (0);
}

static const struct module vpci_module = {
    .mod_name = "virtio_pci",
    .mod_class = "dev",
    .mod_version = 1,
    .mod_load = vpci_load,
    .mod_desc = "virtio devices on PCI",
};
MODULE(virtio_pci, vpci_module);
