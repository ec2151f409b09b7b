/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device interrupts: vectors, the handlers behind them, and when those run.
 *
 * 1. A vector serves one message (MSI) or one line with all handlers that share
 *    it.  The hardware interrupt only sets the vector's bit in cm_irqs, and
 *    masks a level-triggered line; handlers run at CPU 0's next poll point,
 *    to which all device interrupts go.  So a handler never runs twice at once.
 * 2. intr_destroy takes the handler out on CPU 0 itself, by a message, and waits
 *    for it: then it cannot be running.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/intr.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include "pc_var.h"

#define MSI_ADDRESS 0xfee00000UL
#define NO_GSI	    UINT32_MAX

struct intr {
	struct intr *in_next; /* the same vector's */
	intr_func_t in_func;
	void *in_arg;
	const char *in_name;
	unsigned in_vector;
	uint64_t in_count;
};

static struct vector {
	struct intr *ve_first; /* (CPU 0) */
	uint32_t ve_gsi;       /* NO_GSI: a message */
	bool ve_level, ve_used;
} vectors[IRQ_VECTORS]; /* ve_used, ve_gsi: (intr_spin) */

SPINLOCK_DEFINE(intr_spin, "intr");
MALLOC_DEFINE(M_INTR, "intr", "interrupt handlers");

/* --- arrival and work -------------------------------------------------------- */

void
intr_note(unsigned vector)
{
	struct cpu *c = curcpu;

	if (vectors[vector].ve_level)
		ioapic_mask(vectors[vector].ve_gsi, true);
	atomic_or(&c->c_md.cm_irqs[vector / 64], 1UL << (vector % 64));
	c->c_md.cm_irq_any = 1;
}

static void
vector_run(unsigned v)
{
	struct vector *ve = &vectors[v];

	for (struct intr *i = ve->ve_first, *next; i != NULL; i = next) {
		next = i->in_next;
		i->in_count++;
		KTR_EVENT(MACHINE, interrupt, "vector=%d", (uint64_t)v);
		i->in_func(i->in_arg);
	}
	if (ve->ve_level && ve->ve_first != NULL)
		ioapic_mask(ve->ve_gsi, false);
}

void
intr_poll(void)
{
	struct cpu *c = curcpu;
	uint64_t bits;

	c->c_md.cm_irq_any = 0;
	for (unsigned w = 0; w < IRQ_VECTORS / 64; w++) {
		bits = atomic_swap(&c->c_md.cm_irqs[w], 0);
		for (; bits != 0; bits &= bits - 1)
			vector_run(w * 64 + (unsigned)__builtin_ctzl(bits));
	}
}

/* --- establishing ------------------------------------------------------------------ */

struct change {
	struct intr *ch_intr;
	volatile uint32_t ch_done;
};

/* On CPU 0. */
static void
intr_link(void *arg)
{
	struct change *ch = arg;
	struct intr *i = ch->ch_intr;

	i->in_next = vectors[i->in_vector].ve_first;
	vectors[i->in_vector].ve_first = i;
	atomic_store_rel(&ch->ch_done, 1);
}

/* On CPU 0. */
static void
intr_unlink(void *arg)
{
	struct change *ch = arg;
	struct vector *ve = &vectors[ch->ch_intr->in_vector];

	for (struct intr **p = &ve->ve_first; *p != NULL; p = &(*p)->in_next)
		if (*p == ch->ch_intr) {
			*p = ch->ch_intr->in_next;
			break;
		}
	if (ve->ve_first == NULL && ve->ve_gsi != NO_GSI)
		ioapic_mask(ve->ve_gsi, true);
	atomic_store_rel(&ch->ch_done, 1);
}

static void
on_cpu0(void (*func)(void *), struct intr *i)
{
	struct change ch = {i, 0};

	ipi_send(cpus[0], func, &ch);
	for (unsigned n = 0; atomic_load_acq(&ch.ch_done) == 0; n++) {
		ipi_poll();
		cpu_spin_relax(n);
	}
}

/* (intr_spin) The line's vector, or a free one; 0: none left. */
static unsigned
vector_get(uint32_t gsi, bool level, bool *newp)
{
	unsigned v;

	*newp = false;
	for (v = V_DEVICE_MIN; gsi != NO_GSI && v <= V_DEVICE_MAX; v++)
		if (vectors[v].ve_used && vectors[v].ve_gsi == gsi)
			return (v);
	for (v = V_DEVICE_MIN; v <= V_DEVICE_MAX; v++)
		if (!vectors[v].ve_used) {
			vectors[v].ve_used = true;
			vectors[v].ve_gsi = gsi;
			vectors[v].ve_level = level;
			*newp = true;
			return (v);
		}
	return (0);
}

static int
establish(uint32_t gsi, bool level, bool low, intr_func_t func, void *arg,
    const char *name, struct intr **ip)
{
	struct intr *i = kmalloc(sizeof(*i), M_INTR, M_WAITOK | M_ZERO);
	bool new;

	if (i == NULL)
		return (ENOMEM);
	spin_lock(&intr_spin);
	i->in_vector = vector_get(gsi, level, &new);
	spin_unlock(&intr_spin);
	if (i->in_vector == 0) {
		kfree(i, M_INTR);
		return (ENOSPC);
	}
	i->in_func = func;
	i->in_arg = arg;
	i->in_name = name;
	on_cpu0(intr_link, i);
	if (gsi != NO_GSI && new)
		(void)ioapic_route(gsi, level, low, i->in_vector);
	else if (gsi != NO_GSI)
		ioapic_mask(gsi, false);
	*ip = i;
	return (0);
}

int
intr_msi_create(intr_func_t func, void *arg, const char *name, struct intr **ip,
    uint64_t *addrp, uint32_t *datap)
{
	int error = establish(NO_GSI, false, false, func, arg, name, ip);

	if (error != 0)
		return (error);
	*addrp = MSI_ADDRESS | (uint64_t)pc_cpu0.c_md.cm_apic_id << 12;
	*datap = (*ip)->in_vector;
	return (0);
}

int
intr_line_create(uint32_t gsi, bool level, bool active_low, intr_func_t func,
    void *arg, const char *name, struct intr **ip)
{
	if (gsi == NO_GSI || !ioapic_has(gsi))
		return (ENXIO);
	return (establish(gsi, level, active_low, func, arg, name, ip));
}

void
intr_destroy(struct intr *i)
{
	on_cpu0(intr_unlink, i);
	spin_lock(&intr_spin);
	if (vectors[i->in_vector].ve_gsi == NO_GSI)
		vectors[i->in_vector].ve_used = false;
	spin_unlock(&intr_spin);
	kfree(i, M_INTR);
}

/* --- ddb ------------------------------------------------------------------------------ */

static void
ddb_intrs(const char *arg __unused)
{
	for (unsigned v = V_DEVICE_MIN; v <= V_DEVICE_MAX; v++)
		for (struct intr *i = vectors[v].ve_first; i != NULL;
		     i = i->in_next)
			kprintf("vector %#x %s %d count %lu %s\n", v,
			    vectors[v].ve_gsi == NO_GSI ? "msi" : "line",
			    (int)vectors[v].ve_gsi, i->in_count, i->in_name);
}
DDB_COMMAND(intrs, "show interrupts", ddb_intrs, "device interrupts");
