/* SPDX-License-Identifier: BSD-2-Clause */
/* The event core: sources, watches, and their deaths. */
#include <sys/cpu.h>
#include <sys/event.h>
#include <sys/ktest.h>

struct hit {
	struct ev_watch w;
	volatile uint32_t events;
	volatile uint64_t hint;
	volatile int count;
	bool take;
};

static void
on_event(struct ev_watch *w, uint32_t events, uint64_t hint)
{
	struct hit *h = w->ew_arg;

	h->events |= events;
	h->hint = hint;
	h->count++;
	if (h->take)
		w->ew_flags |= EWF_TAKEN;
}

static void
init(struct hit *h, uint32_t events)
{
	memset(h, 0, sizeof(*h));
	h->w.ew_events = events;
	h->w.ew_func = on_event;
	h->w.ew_arg = h;
}

KTEST(event_filter, "do watches get what they asked for, and HUP always?")
{
	struct ev_source es;
	struct hit a, b;

	ev_source_init(&es);
	init(&a, EV_IN);
	init(&b, EV_NOTE);
	ev_notify(&es, EV_IN);
	ev_attach(&es, &a.w);
	ev_attach(&es, &a.w);
	ev_attach(&es, &b.w);
	ev_notify(&es, EV_IN | EV_OUT);
	KT_EQ(a.events, EV_IN);
	KT_EQ(a.count, 1);
	KT_EQ(b.count, 0);
	ev_notify_hint(&es, EV_NOTE, 77);
	KT_EQ(b.hint, 77);
	KT_EQ(a.count, 1);
	ev_detach(&a.w);
	ev_detach(&a.w);
	ev_source_destroy(&es);
	KT_EQ(a.count, 1);
	KT_CHECK((b.events & EV_HUP) != 0);
	ev_detach(&b.w);
}

KTEST(event_exclusive, "does one exclusive watch suffice, if it took it?")
{
	struct ev_source es;
	struct hit h[3];

	ev_source_init(&es);
	for (int i = 0; i < 3; i++) {
		init(&h[i], EV_IN);
		h[i].w.ew_flags = EWF_EXCLUSIVE;
		ev_attach(&es, &h[i].w);
	}
	h[1].take = true;
	ev_notify(&es, EV_IN);
	KT_EQ(h[0].count, 1);
	KT_EQ(h[1].count, 1);
	KT_EQ(h[2].count, 0);
	ev_source_destroy(&es);
}

#define RACES 3000
static struct ev_source *volatile race_source;
static volatile bool race_stop;
static volatile uint64_t races;
static struct spinlock race_spin;

static void
racer(void *arg)
{
	struct hit h;

	while (!race_stop) {
		init(&h, EV_IN);
		spin_lock(&race_spin);
		if (race_source != NULL)
			ev_attach(race_source, &h.w);
		spin_unlock(&race_spin);
		for (volatile int i = 0; i < 50; i++)
			;
		ev_detach(&h.w);
		races++;
		ipi_poll();
	}
	*(volatile bool *)arg = true;
}

KTEST(event_race, "may a source die while another CPU detaches?")
{
	static struct ev_source es[2];
	static volatile bool gone;
	struct thread *td;

	spin_init(&race_spin, "ktrace");
	td = thread_create(racer, (void *)&gone, TDPRI_KERN, "racer");
	thread_start(td, cpus[ncpus - 1]);
	for (int i = 0; i < RACES || (races < RACES && i < 1000000); i++) {
		struct ev_source *mine = &es[i & 1];

		ev_source_init(mine);
		spin_lock(&race_spin);
		race_source = mine;
		spin_unlock(&race_spin);
		for (int k = 0; k < 20; k++)
			ev_notify(mine, EV_IN);
		spin_lock(&race_spin);
		race_source = NULL;
		spin_unlock(&race_spin);
		ev_source_destroy(mine);
		memset(mine, 0xa5, sizeof(*mine));
		ipi_poll();
	}
	race_stop = true;
	for (int i = 0; i < 500 && !gone; i++)
		tsleep((const void *)&gone, 0, "ktest", 10 * NS_PER_MSEC);
	KT_CHECK(gone);
	KT_CHECK(races >= RACES);
}
