/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over memory-mapped registers, version 2 (virtio 1.2, section 4.2).
 * The machine says where they are.  Registers, 4 bytes each:
 *
 *	000 magic		004 version	008 device type, 0: empty slot
 *	010 device features	014 which word
 *	020 driver features	024 which word
 *	030 queue	034 its largest size	038 its size	044 enabled
 *	050 doorbell	060 interrupt status	064 acknowledge	070 status
 *	080 descriptors 8	090 driver's ring 8	0a0 device's ring 8
 *	0fc configuration's generation		100 configuration
 */
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/malloc.h>
#include <sys/module.h>
#include <dev/virtio/virtio.h>

MALLOC_DECLARE(M_VIRTIO);

#define VMMIO_MAGIC	 0x000
#define VMMIO_VERSION	 0x004
#define VMMIO_TYPE	 0x008
#define VMMIO_DF	 0x010
#define VMMIO_DFSELECT	 0x014
#define VMMIO_GF	 0x020
#define VMMIO_GFSELECT	 0x024
#define VMMIO_QUEUE	 0x030
#define VMMIO_Q_MAX	 0x034
#define VMMIO_Q_SIZE	 0x038
#define VMMIO_Q_ENABLE	 0x044
#define VMMIO_DOORBELL	 0x050
#define VMMIO_ISR	 0x060
#define VMMIO_ACK	 0x064
#define VMMIO_STATUS	 0x070
#define VMMIO_Q_DESC	 0x080
#define VMMIO_Q_DRIVER	 0x090
#define VMMIO_Q_DEVICE	 0x0a0
#define VMMIO_GENERATION 0x0fc
#define VMMIO_CONFIG	 0x100
#define VMMIO_MAGIC_IS	 0x74726976 /* "virt" */
#define VMMIO_VERSION_IS 2

struct vmmio {
	struct virtio_dev vm_dev;
	volatile uint8_t *vm_regs;
	size_t vm_bytes;
	uint32_t vm_gsi;
	struct intr *vm_intr;
	char vm_where[24];
};

static struct vmmio *
vmmio_of(struct virtio_dev *vd)
{
	return (container_of(vd, struct vmmio, vm_dev));
}

static uint32_t
reg_read(struct vmmio *vm, unsigned off)
{
	return (*(volatile uint32_t *)(vm->vm_regs + off));
}

static void
reg_write(struct vmmio *vm, unsigned off, uint32_t v)
{
	*(volatile uint32_t *)(vm->vm_regs + off) = v;
}

static void
reg_write64(struct vmmio *vm, unsigned off, uint64_t v)
{
	reg_write(vm, off, (uint32_t)v);
	reg_write(vm, off + 4, (uint32_t)(v >> 32));
}

/* The upper bits say nothing, unless all are ones. */
static uint8_t
vmmio_status(struct virtio_dev *vd)
{
	return ((uint8_t)reg_read(vmmio_of(vd), VMMIO_STATUS));
}

static void
vmmio_set_status(struct virtio_dev *vd, uint8_t status)
{
	reg_write(vmmio_of(vd), VMMIO_STATUS, status);
}

static uint32_t
vmmio_features(struct virtio_dev *vd, unsigned word)
{
	reg_write(vmmio_of(vd), VMMIO_DFSELECT, word);
	return (reg_read(vmmio_of(vd), VMMIO_DF));
}

static void
vmmio_set_features(struct virtio_dev *vd, unsigned word, uint32_t features)
{
	reg_write(vmmio_of(vd), VMMIO_GFSELECT, word);
	reg_write(vmmio_of(vd), VMMIO_GF, features);
}

static uint32_t
vmmio_generation(struct virtio_dev *vd)
{
	return (reg_read(vmmio_of(vd), VMMIO_GENERATION));
}

static size_t
vmmio_config_bytes(struct virtio_dev *vd)
{
	return (vmmio_of(vd)->vm_bytes - VMMIO_CONFIG);
}

static uint32_t
vmmio_config(struct virtio_dev *vd, unsigned off, int size)
{
	volatile uint8_t *p = vmmio_of(vd)->vm_regs + VMMIO_CONFIG + off;

	if (size == 1)
		return (*p);
	if (size == 2)
		return (*(volatile uint16_t *)p);
	return (*(volatile uint32_t *)p);
}

static uint32_t
vmmio_queue_max(struct virtio_dev *vd, unsigned i)
{
	reg_write(vmmio_of(vd), VMMIO_QUEUE, i);
	return (reg_read(vmmio_of(vd), VMMIO_Q_MAX));
}

static int
vmmio_queue_enable(
    struct virtio_dev *vd, struct virtio_queue *q, const char **whyp)
{
	struct vmmio *vm = vmmio_of(vd);
	uint16_t size = q->q_vq.vq_size;
	paddr_t pa = kva_to_pa(q->q_mem);

	reg_write(vm, VMMIO_QUEUE, q->q_index);
	if (reg_read(vm, VMMIO_Q_ENABLE) != 0) {
		*whyp = "is in use after a reset";
		return (EIO);
	}
	reg_write(vm, VMMIO_Q_SIZE, size);
	reg_write64(vm, VMMIO_Q_DESC, pa);
	reg_write64(vm, VMMIO_Q_DRIVER, pa + virtq_driver_off(size));
	reg_write64(vm, VMMIO_Q_DEVICE, pa + virtq_device_off(size));
	reg_write(vm, VMMIO_Q_ENABLE, 1);
	return (0);
}

static void
vmmio_notify(struct virtio_queue *q)
{
	reg_write(vmmio_of(q->q_dev), VMMIO_DOORBELL, q->q_index);
}

static void
vmmio_intr(void *arg)
{
	struct vmmio *vm = arg;
	uint32_t isr = reg_read(vm, VMMIO_ISR);

	if (isr == 0xffffffff) {
		virtio_fail(&vm->vm_dev, "its interrupt status reads as ones");
		return;
	}
	/* Acknowledged first: what comes from now on interrupts again. */
	if (isr != 0)
		reg_write(vm, VMMIO_ACK, isr);
	if ((isr & VIRTIO_ISR_QUEUE) != 0)
		virtio_intr_queues(&vm->vm_dev);
	if ((isr & VIRTIO_ISR_CONFIG) != 0)
		virtio_intr_config(&vm->vm_dev);
}

static int
vmmio_intr_start(struct virtio_dev *vd)
{
	struct vmmio *vm = vmmio_of(vd);

	vd->vd_intr = "line";
	return (intr_line_create(vm->vm_gsi, true, false, vmmio_intr, vm,
	    vd->vd_name, &vm->vm_intr));
}

static void
vmmio_stop(struct virtio_dev *vd)
{
	struct vmmio *vm = vmmio_of(vd);

	if (vm->vm_intr != NULL)
		intr_destroy(vm->vm_intr);
	vm->vm_intr = NULL;
}

static const struct virtio_transport vmmio_transport = {
    .vt_name = "mmio",
    .vt_status = vmmio_status,
    .vt_set_status = vmmio_set_status,
    .vt_features = vmmio_features,
    .vt_set_features = vmmio_set_features,
    .vt_generation = vmmio_generation,
    .vt_config_bytes = vmmio_config_bytes,
    .vt_config = vmmio_config,
    .vt_queue_max = vmmio_queue_max,
    .vt_queue_enable = vmmio_queue_enable,
    .vt_notify = vmmio_notify,
    .vt_intr_start = vmmio_intr_start,
    .vt_stop = vmmio_stop,
};

/* What is wrong with the slot; NULL: nothing.  *emptyp: nobody is there. */
static const char *
vmmio_check(struct vmmio *vm, bool *emptyp)
{
	uint32_t magic = reg_read(vm, VMMIO_MAGIC);

	*emptyp = false;
	if (magic != VMMIO_MAGIC_IS)
		return (magic == 0xffffffff ? "reads as ones"
					    : "is no virtio device");
	vm->vm_dev.vd_type = reg_read(vm, VMMIO_TYPE);
	if (vm->vm_dev.vd_type == 0) {
		*emptyp = true;
		return (NULL);
	}
	if (reg_read(vm, VMMIO_VERSION) != VMMIO_VERSION_IS)
		return ("is legacy only (not version 2)");
	return (NULL);
}

static int
vmmio_probe(paddr_t pa, size_t bytes, uint32_t gsi)
{
	struct vmmio *vm;
	const char *why;
	bool empty = false;

	vm = kmalloc(sizeof(*vm), M_VIRTIO, M_WAITOK | M_ZERO);
	if (vm == NULL)
		return (ENOMEM);
	vm->vm_bytes = bytes;
	vm->vm_gsi = gsi;
	ksnprintf(vm->vm_where, sizeof(vm->vm_where), "mmio %#lx", pa);
	if (bytes <= VMMIO_CONFIG)
		why = "is too small";
	else if ((vm->vm_regs = device_map(pa, bytes)) == NULL)
		why = "finds no room for its registers";
	else
		why = vmmio_check(vm, &empty);
	if (why != NULL)
		kprintf("virtio at %s: %s, left out\n", vm->vm_where, why);
	if (why != NULL || empty) {
		kfree(vm, M_VIRTIO);
		return (ENXIO);
	}
	vm->vm_dev.vd_ops = &vmmio_transport;
	vm->vm_dev.vd_where = vm->vm_where;
	virtio_dev_add(&vm->vm_dev);
	return (0);
}

static int
vmmio_load(void)
{
	paddr_t pa;
	size_t bytes;
	uint32_t gsi;

	for (int i = 0; machine_virtio_mmio(i, &pa, &bytes, &gsi) == 0; i++)
		if (vmmio_probe(pa, bytes, gsi) == ENOMEM)
			return (ENOMEM);
	return (0);
}

static const struct module vmmio_module = {
    .mod_name = "virtio_mmio",
    .mod_class = "dev",
    .mod_version = 1,
    .mod_load = vmmio_load,
    .mod_desc = "virtio devices with memory-mapped registers",
};
MODULE(virtio_mmio, vmmio_module);
