/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPI messages: a ring of (function, argument) per CPU.  The sender kicks the
 * target only when the ring was empty; the target runs the messages at its
 * poll points: switch, idle, return to user, spin-waits on a full ring.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include <sys/sched.h>
#include "lwkt_var.h"

static bool
ring_put(struct cpu *c, ipi_func_t func, void *arg, bool *wasemptyp)
{
	uint32_t head;

	spin_lock(&c->c_ipi_spin);
	head = c->c_ipi_head;
	*wasemptyp = head == c->c_ipi_tail;
	if (head - c->c_ipi_tail == IPI_RING) {
		spin_unlock(&c->c_ipi_spin);
		return (false);
	}
	c->c_ipi_ring[head % IPI_RING] = (struct ipi_msg){func, arg};
	c->c_ipi_head = head + 1;
	spin_unlock(&c->c_ipi_spin);
	return (true);
}

void
ipi_send(struct cpu *c, ipi_func_t func, void *arg)
{
	bool wasempty;

	if (c == curcpu) {
		func(arg);
		return;
	}
	for (unsigned n = 0; !ring_put(c, func, arg, &wasempty); n++) {
		cpu_kick(c);
		cpu_spin_relax(n);
	}
	if (wasempty)
		cpu_kick(c);
}

static bool
ring_take(struct cpu *c, struct ipi_msg *m)
{
	bool found = false;

	spin_lock(&c->c_ipi_spin);
	if (c->c_ipi_tail != c->c_ipi_head) {
		*m = c->c_ipi_ring[c->c_ipi_tail % IPI_RING];
		c->c_ipi_tail++;
		found = true;
	}
	spin_unlock(&c->c_ipi_spin);
	return (found);
}

void
ipi_poll(void)
{
	struct cpu *c = curcpu;
	struct ipi_msg m;

	cpu_poll_md();
	if (__unlikely(atomic_load(&c->c_remote_ready) != NULL))
		lwkt_take_remote();
	if (__unlikely(c->c_requeue))
		usched_requeue();
	while (c->c_ipi_head != c->c_ipi_tail && ring_take(c, &m)) {
		c->c_ipis++;
		m.im_func(m.im_arg);
	}
}

struct broadcast {
	ipi_func_t func;
	void *arg;
	volatile uint32_t left;
};

static void
broadcast_run(void *arg)
{
	struct broadcast *b = arg;

	b->func(b->arg);
	atomic_sub(&b->left, 1);
}

void
ipi_broadcast_wait(ipi_func_t func, void *arg)
{
	struct broadcast b = {func, arg, (uint32_t)ncpus};

	lock_check_no_spin("ipi_broadcast_wait");
	for (int i = 0; i < ncpus; i++)
		ipi_send(cpus[i], broadcast_run, &b);
	for (unsigned n = 0; atomic_load_acq(&b.left) != 0; n++) {
		ipi_poll();
		cpu_spin_relax(n);
	}
}
