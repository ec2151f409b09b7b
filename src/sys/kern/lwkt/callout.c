/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Callouts: functions at deadlines.
 *
 * Each CPU keeps its armed callouts in a list by deadline, searched from the
 * far end because most new deadlines are the latest.  A soft thread per CPU
 * runs the due ones; the machine's waits end at c_callout_next, and poll
 * points wake the soft thread when that has passed.
 *
 *	idle --reset--> ARMED --due--> RUNNING --> idle (or ARMED again)
 *
 * A function that arms its own callout again, at once or with a period of a
 * nanosecond, would keep the soft thread for ever: it gets REARM_NS at least.
 *
 * co_state and co_cpu change under the spin lock of co_cpu.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/cpu.h>
#include "lwkt_var.h"

#define CO_ARMED   1u
#define CO_RUNNING 2u
#define REARM_NS   (100 * NS_PER_USEC)

void
callout_init(struct callout *co)
{
	memset(co, 0, sizeof(*co));
}

/* Lock the CPU that co is or was armed on. */
static struct cpu *
owner_lock(struct callout *co)
{
	struct cpu *c;

	for (;;) {
		if ((c = co->co_cpu) == NULL)
			return (NULL);
		spin_lock(&c->c_callout_spin);
		if (co->co_cpu == c)
			return (c);
		spin_unlock(&c->c_callout_spin);
	}
}

static void
next_update(struct cpu *c)
{
	struct callout *first = TAILQ_FIRST(&c->c_callouts);

	c->c_callout_next = first != NULL ? first->co_when : 0;
}

static void
insert(struct cpu *c, struct callout *co)
{
	struct callout *at = TAILQ_LAST(&c->c_callouts, callout_queue);

	while (at != NULL && at->co_when > co->co_when)
		at = TAILQ_PREV(at, callout_queue, co_link);
	if (at == NULL)
		TAILQ_INSERT_HEAD(&c->c_callouts, co, co_link);
	else
		TAILQ_INSERT_AFTER(&c->c_callouts, at, co, co_link);
	co->co_state |= CO_ARMED;
	next_update(c);
}

bool
callout_stop(struct callout *co)
{
	struct cpu *c = owner_lock(co);
	bool stopped = false;

	if (c == NULL)
		return (false);
	if ((co->co_state & CO_ARMED) != 0) {
		TAILQ_REMOVE(&c->c_callouts, co, co_link);
		co->co_state &= ~CO_ARMED;
		next_update(c);
		stopped = true;
	}
	spin_unlock(&c->c_callout_spin);
	return (stopped);
}

void
callout_stop_sync(struct callout *co)
{
	callout_stop(co);
	if (co->co_cpu != NULL && co->co_cpu->c_callout_thread == curthread) {
		/* From its own function, which may free co after this. */
		if (co->co_cpu->c_callout_running == co) {
			co->co_cpu->c_callout_running = NULL;
			co->co_state &= ~CO_RUNNING;
		}
		return;
	}
	for (unsigned n = 0; (atomic_load_acq(&co->co_state) & CO_RUNNING) != 0;
	     n++) {
		if (co->co_cpu == curcpu && n > 0)
			tsleep(co, 0, "costop", NS_PER_MSEC);
		else {
			ipi_poll();
			cpu_spin_relax(n);
		}
	}
}

void
callout_reset_abs(
    struct callout *co, nstime_t when, void (*func)(void *), void *arg)
{
	struct cpu *c = co->co_cpu;

	if (c != NULL && c->c_callout_thread == curthread &&
	    c->c_callout_running == co)
		when = MAX(when, clock_mono() + REARM_NS);
	for (;;) {
		callout_stop(co);
		c = curcpu;
		/* A running one stays with its CPU until it is through. */
		if (co->co_cpu != NULL && (co->co_state & CO_RUNNING) != 0)
			c = co->co_cpu;
		spin_lock(&c->c_callout_spin);
		if ((co->co_state & CO_ARMED) == 0 &&
		    ((co->co_state & CO_RUNNING) == 0 || co->co_cpu == c))
			break;
		spin_unlock(&c->c_callout_spin);
	}
	co->co_cpu = c;
	co->co_when = MAX(when, 1);
	co->co_func = func;
	co->co_arg = arg;
	insert(c, co);
	spin_unlock(&c->c_callout_spin);
	if (c != curcpu)
		cpu_kick(c);
}

void
callout_reset(
    struct callout *co, nstime_t after_ns, void (*func)(void *), void *arg)
{
	nstime_t when;

	if (__builtin_add_overflow(clock_mono(), MAX(after_ns, 0), &when))
		when = INT64_MAX;
	callout_reset_abs(co, when, func, arg);
}

bool
callout_armed(const struct callout *co)
{
	return ((co->co_state & CO_ARMED) != 0);
}

nstime_t
callout_poll(nstime_t now)
{
	struct cpu *c = curcpu;
	nstime_t next = c->c_callout_next;

	if (next != 0 && c->c_callout_thread != NULL && now >= next)
		wakeup(&c->c_callouts);
	return (next);
}

/* The first due callout, marked running; NULL: none is due. */
static struct callout *
take_due(struct cpu *c)
{
	struct callout *co = TAILQ_FIRST(&c->c_callouts);

	if (co == NULL || co->co_when > clock_mono())
		return (NULL);
	TAILQ_REMOVE(&c->c_callouts, co, co_link);
	co->co_state = (co->co_state & ~CO_ARMED) | CO_RUNNING;
	next_update(c);
	return (co);
}

void
callout_thread(void *arg)
{
	struct cpu *c = arg;
	struct callout *co;
	void (*func)(void *);
	void *farg;

	spin_lock(&c->c_callout_spin);
	for (;;) {
		if ((co = take_due(c)) == NULL) {
			spin_sleep(&c->c_callouts, &c->c_callout_spin, 0,
			    "callout", 0);
			continue;
		}
		func = co->co_func;
		farg = co->co_arg;
		c->c_callout_running = co;
		spin_unlock(&c->c_callout_spin);
		func(farg);
		ipi_poll();
		spin_lock(&c->c_callout_spin);
		/* func may have freed co only if it was stopped first. */
		if (c->c_callout_running == co) {
			co->co_state &= ~CO_RUNNING;
			c->c_callout_running = NULL;
		}
	}
}
