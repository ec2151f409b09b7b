/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planted races: threads that meet where they may sleep, and go wrong in some
 * orders only.  Without the option "planted" the same threads do the same with
 * the lock, hold or order that they lack with it, and no order is wrong.
 * t_race.py finds a seed for each (kern/lwkt/explore.c).
 */
#include <sys/queue.h>
#include "planted.h"

#define RACE(name, question) KTEST(race_##name, question)
#define ROUNDS		     3
#define DEAD		     0xdeadU
#define ALIVE		     0x600dU

static struct lock guard;
static int running;

/* A place where another thread may come in. */
static void
may_sleep(void)
{
	kfree(kmalloc(16, M_TEMP, M_WAITOK), M_TEMP);
}

static void
enter(void)
{
	if (!planted())
		lock_excl(&guard);
}

static void
leave(void)
{
	if (!planted())
		lock_release(&guard);
}

struct racer {
	void (*func)(void);
};

static void
racer_main(void *arg)
{
	((struct racer *)arg)->func();
	running--;
	wakeup(&running);
}

/* Run these at once, to their ends. */
static void
race(struct racer *r, int n)
{
	struct thread *td;

	lock_init(&guard, "race", 0);
	running = n;
	for (int i = 0; i < n; i++) {
		td = thread_create(racer_main, &r[i], TDPRI_KERN, "racer%d", i);
		KT_CHECK(td != NULL);
		thread_start(td, NULL);
	}
	while (running > 0)
		tsleep(&running, 0, "race", NS_PER_SEC);
}
#define RACE_RUN(...)                                                          \
	do {                                                                   \
		void (*_f[])(void) = {__VA_ARGS__};                            \
		struct racer _r[nitems(_f)];                                   \
		for (size_t _i = 0; _i < nitems(_f); _i++)                     \
			_r[_i].func = _f[_i];                                  \
		race(_r, (int)nitems(_f));                                     \
	} while (0)

/* --- a value read, and written later ------------------------------------------- */

static int total;

static void
add_some(void)
{
	int v;

	for (int i = 0; i < ROUNDS; i++) {
		enter();
		v = total;
		may_sleep();
		total = v + 1;
		leave();
	}
}

RACE(lost_update, "is an update lost between reading and writing?")
{
	RACE_RUN(add_some, add_some);
	KT_EQ(total, 2 * ROUNDS);
}

static int refs = 3, ends;

static void
drop_ref(void)
{
	int n;

	enter();
	n = refs - 1;
	may_sleep();
	refs = n;
	leave();
	if (n == 0)
		ends++;
}

RACE(reference, "is the last of three references dropped once?")
{
	RACE_RUN(drop_ref, drop_ref, drop_ref);
	KT_EQ(ends, 1);
}

/* --- a question whose answer changes ---------------------------------------------- */

static bool taken;
static int owners;

static void
take_it(void)
{
	enter();
	if (!taken) {
		may_sleep();
		taken = true;
		owners++;
	}
	leave();
}

RACE(check_then_act, "do two find the same place free?")
{
	RACE_RUN(take_it, take_it);
	KT_EQ(owners, 1);
}

static void *volatile table;
static int tables_made;

static void
first_use(void)
{
	void *t;

	enter();
	if (table == NULL) {
		t = kmalloc(64, M_TEMP, M_WAITOK);
		tables_made++;
		table = t;
	}
	leave();
}

RACE(double_init, "do two make what is made at the first use?")
{
	RACE_RUN(first_use, first_use);
	KT_EQ(tables_made, 1);
	kfree(table, M_TEMP);
}

static int goods, consumed;

static void
consume(void)
{
	lock_excl(&guard);
	if (planted()) {
		if (goods == 0)
			lock_sleep(&goods, &guard, 0, "goods", 0);
	} else {
		while (goods == 0)
			lock_sleep(&goods, &guard, 0, "goods", 0);
	}
	KT_CHECK(goods > 0);
	goods--;
	consumed++;
	lock_release(&guard);
}

static void
produce(void)
{
	for (int i = 0; i < 2; i++) {
		lock_excl(&guard);
		goods++;
		wakeup(&goods);
		lock_release(&guard);
		may_sleep();
	}
}

RACE(if_for_while, "does a woken thread believe what woke it?")
{
	RACE_RUN(consume, consume, produce);
	KT_EQ(consumed, 2);
}

/* --- a wakeup that comes too early ---------------------------------------------------- */

static bool ready;

static void
wait_ready(void)
{
	if (planted()) {
		if (!ready) {
			may_sleep();
			tsleep(&ready, 0, "ready", 0);
		}
		return;
	}
	lock_excl(&guard);
	while (!ready)
		lock_sleep(&ready, &guard, 0, "ready", 0);
	lock_release(&guard);
}

static void
make_ready(void)
{
	may_sleep();
	lock_excl(&guard);
	ready = true;
	wakeup(&ready);
	lock_release(&guard);
}

RACE(lost_wakeup, "is a wakeup lost between the look and the sleep?")
{
	RACE_RUN(wait_ready, make_ready);
	KT_CHECK(ready);
}

/* --- locks in two orders --------------------------------------------------------------- */

static struct lock left, right;
static int passed;

/* Nested: locks of one class, of which the checker knows no order. */
static void
pass(struct lock *a, struct lock *b)
{
	lock_excl(a);
	lock_excl_nested(b);
	passed++;
	lock_release(b);
	lock_release(a);
}

static void
left_right(void)
{
	pass(&left, &right);
}

static void
right_left(void)
{
	if (planted())
		pass(&right, &left);
	else
		pass(&left, &right);
}

RACE(deadlock, "do two wait for each other's lock?")
{
	static struct lock_class cls = {"pair", 0};

	lock_init_class(&left, 0, &cls);
	lock_init_class(&right, 0, &cls);
	RACE_RUN(left_right, right_left);
	KT_EQ(passed, 2);
}

/* --- a thing that goes while it is used -------------------------------------------------- */

struct thing {
	TAILQ_ENTRY(thing) t_link;
	struct callout t_callout;
	volatile uint32_t t_state;
	int t_holds;
};
TAILQ_HEAD(things, thing);
static struct thing *the_thing;
static struct thing pool[4];
static struct things things = TAILQ_HEAD_INITIALIZER(things);

/* A bug here shows by t_state, with no memory checker. */
static void
thing_end(struct thing *t)
{
	t->t_state = DEAD;
}

static void
use_thing(void)
{
	struct thing *t;

	lock_excl(&guard);
	t = the_thing;
	if (t != NULL && !planted())
		t->t_holds++;
	lock_release(&guard);
	if (t == NULL)
		return;
	may_sleep();
	KT_CHECK(t->t_state == ALIVE);
	lock_excl(&guard);
	if (!planted() && --t->t_holds == 0)
		thing_end(t);
	lock_release(&guard);
}

static void
remove_thing(void)
{
	struct thing *t;

	may_sleep();
	lock_excl(&guard);
	t = the_thing;
	the_thing = NULL;
	if (planted() || --t->t_holds == 0)
		thing_end(t);
	lock_release(&guard);
}

RACE(no_hold, "is a thing used that another thread ended?")
{
	the_thing = &pool[0];
	the_thing->t_state = ALIVE;
	the_thing->t_holds = 1;
	RACE_RUN(use_thing, remove_thing);
	KT_EQ(pool[0].t_state, DEAD);
}

static void
walk_things(void)
{
	struct thing *t, *next;

	enter();
	TAILQ_FOREACH_SAFE(t, &things, t_link, next) {
		KT_CHECK(t->t_state == ALIVE);
		may_sleep();
	}
	leave();
}

static void
unlink_second(void)
{
	struct thing *t = &pool[1];

	enter();
	TAILQ_REMOVE(&things, t, t_link);
	thing_end(t);
	leave();
}

RACE(next_gone, "does a walk that sleeps go on to what was taken out?")
{
	for (size_t i = 0; i < nitems(pool); i++) {
		pool[i].t_state = ALIVE;
		TAILQ_INSERT_TAIL(&things, &pool[i], t_link);
	}
	RACE_RUN(walk_things, unlink_second);
}

static void
thing_timer(void *arg)
{
	struct thing *t = arg;

	may_sleep();
	KT_CHECK(t->t_state == ALIVE);
}

static void
stop_timer(void)
{
	struct thing *t = &pool[0];

	callout_reset(&t->t_callout, 1, thing_timer, t);
	for (int i = 0; i < 4; i++)
		may_sleep();
	if (planted())
		callout_stop(&t->t_callout);
	else
		callout_stop_sync(&t->t_callout);
	thing_end(t);
	tsleep(t, 0, "timer", NS_PER_MSEC);
}

RACE(timer_runs, "does a timer run on when its thing has ended?")
{
	pool[0].t_state = ALIVE;
	callout_init(&pool[0].t_callout);
	RACE_RUN(stop_timer);
}

/* --- order of stores ------------------------------------------------------------------------ */

static int ring[8], ring_head, ring_tail;

static void
ring_put(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (planted()) {
			ring_head++;
			may_sleep();
			ring[ring_head - 1] = 1;
		} else {
			may_sleep();
			ring[ring_head] = 1;
			ring_head++;
		}
	}
}

static void
ring_get(void)
{
	for (int i = 0; i < 10 * ROUNDS; i++) {
		may_sleep();
		if (ring_tail < ring_head)
			KT_EQ(ring[ring_tail++], 1);
	}
}

RACE(publish_early, "is an entry read that is announced and not yet there?")
{
	RACE_RUN(ring_put, ring_get);
}

static int first_half, second_half;

static void
write_both(void)
{
	for (int i = 1; i <= ROUNDS; i++) {
		enter();
		first_half = i;
		may_sleep();
		second_half = i;
		leave();
	}
}

static void
read_both(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		enter();
		KT_EQ(first_half, second_half);
		leave();
		may_sleep();
	}
}

RACE(half_written, "is half of a change seen?")
{
	RACE_RUN(write_both, read_both);
}

/* --- three and more switches ------------------------------------------------------------------- */

static int stage;

static void
stage_one(void)
{
	enter();
	stage = 1;
	may_sleep();
	KT_CHECK(stage != 3);
	leave();
}

static void
stage_two(void)
{
	may_sleep();
	enter();
	if (stage == 1)
		stage = 2;
	leave();
}

static void
stage_three(void)
{
	may_sleep();
	enter();
	if (stage == 2)
		stage = 3;
	leave();
}

RACE(three_steps, "is an order of three threads, one inside the other, found?")
{
	RACE_RUN(stage_one, stage_two, stage_three);
}

static struct thing *free_list;
static struct thing *chain[3];

static struct thing *
pop(void)
{
	struct thing *top, *next;

	for (;;) {
		top = free_list;
		if (top == NULL)
			return (NULL);
		next = TAILQ_NEXT(top, t_link);
		may_sleep();
		if (free_list == top) { /* the same, so nothing changed? */
			free_list = next;
			return (top);
		}
	}
}

static void
push(struct thing *t)
{
	t->t_link.tqe_next = free_list;
	free_list = t;
}

static void
own(struct thing *t)
{
	if (t == NULL)
		return;
	KT_EQ(t->t_holds, 0);
	t->t_holds++;
}

static void
pop_one(void)
{
	enter();
	own(pop());
	leave();
}

/* Takes two, gives the first back: the top is what it was. */
static void
pop_two_push(void)
{
	struct thing *a, *b;

	enter();
	a = pop();
	own(a);
	b = pop();
	own(b);
	if (a != NULL) {
		a->t_holds--;
		push(a);
	}
	leave();
}

RACE(aba, "does a list's top that came back hide that the rest has changed?")
{
	for (int i = 2; i >= 0; i--) {
		chain[i] = &pool[i];
		push(chain[i]);
	}
	RACE_RUN(pop_one, pop_two_push);
	own(pop());
}
