/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring's protocol (kern/ktr/ktr.c, tracing/lib/kshm_ring.c) as a model, of
 * which every interleaving is walked through.
 *
 * Actors.  A writer that writes WRITES records; interrupts, each of one or two
 * records, that may begin between any two of its steps (and run to their end
 * before it goes on, for they are on its CPU); a reader that may take a step
 * between any two of theirs.  On this architecture stores are seen in order and
 * loads are made in order, so interleaving steps is all there is.
 *
 * A record is its number in two fields.  Steps of a writer: take the number;
 * sequence odd; field; field; sequence whole.  Steps of the reader: the head,
 * the limit; sequence; field; field; sequence and verdict.
 *
 * Checked: a record that the reader takes for whole has both fields of its own
 * number; when all have ended, what the reader saw and
 * lost is what was given out.  And the checker itself: a protocol without one of
 * its steps must be caught (mutants), and so must interrupts that break invariant
 * (2) of ktr.c.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES	   4
#define WRITES	   6
#define NESTED	   3 /* records of interrupts: fewer than the ring has slots */
#define TABLE	   (1u << 24)
#define BAD_AT_END 0xff

enum mutant {
	RIGHT,
	NO_INVALID,	/* the writer does not make the sequence odd */
	EARLY_WHOLE,	/* it says "whole" before the last field */
	NO_SECOND_LOOK, /* the reader does not look at the sequence again */
	NO_HEAD,	/* the reader does not count what it jumps over */
	FLOOD, /* interrupts fill the ring while a record is being written */
	MUTANTS
};
static const char *const mutants[] = {"right", "no invalid", "early whole",
    "no second look", "jump uncounted", "flood"};

struct slot {
	uint8_t seq, f0, f1;
};
struct writer {
	uint8_t step, n, left;
};
struct state {
	uint8_t head;
	struct slot slots[ENTRIES];
	struct writer outer, inner; /* inner.left > 0: an interrupt runs */
	uint8_t nested; /* records that interrupts may still write */
	uint8_t limit;
	/* the reader */
	uint8_t rstep, next, seen, lost, rhead, s1, r0, r1;
	uint8_t idle; /* it found nothing, and nothing happened since */
};

static enum mutant mutant;
static struct state *table;
static bool *used;
static uint64_t nstates, wholes;
static const char *wrong;

static uint64_t
hash(const struct state *s)
{
	const uint8_t *p = (const uint8_t *)s;
	uint64_t h = 14695981039346656037UL;

	for (size_t i = 0; i < sizeof(*s); i++)
		h = (h ^ p[i]) * 1099511628211UL;
	return (h ^ h >> 29);
}

static bool
is_new(const struct state *s)
{
	uint64_t i = hash(s) % TABLE;

	for (; used[i]; i = (i + 1) % TABLE)
		if (memcmp(&table[i], s, sizeof(*s)) == 0)
			return (false);
	if (++nstates > TABLE / 10 * 9) {
		fprintf(stderr, "check_ring: the table is full\n");
		exit(2);
	}
	used[i] = true;
	table[i] = *s;
	return (true);
}

/* One step of the writer w; false: it has nothing to do. */
static bool
write_step(struct state *s, struct writer *w)
{
	struct slot *sl = &s->slots[w->n % ENTRIES];

	if (w->left == 0)
		return (false);
	switch (w->step++) {
	case 0:
		w->n = s->head++;
		if (w->n >= s->limit) { /* given out, not stored */
			w->step = 0;
			w->left--;
		}
		break;
	case 1:
		if (mutant != NO_INVALID)
			sl->seq = (uint8_t)(2 * w->n + 1);
		break;
	case 2:
		sl->f0 = w->n;
		if (mutant == EARLY_WHOLE)
			sl->seq = (uint8_t)(2 * (w->n + 1));
		break;
	case 3:
		sl->f1 = w->n;
		break;
	case 4:
		sl->seq = (uint8_t)(2 * (w->n + 1));
		w->step = 0;
		w->left--;
		break;
	}
	return (true);
}

static void
lose(struct state *s, uint8_t to)
{
	if (mutant != NO_HEAD)
		s->lost = (uint8_t)(s->lost + to - s->next);
	s->next = to;
}

/*
 * One step of the reader.  final: the writers have ended.  False: it would only
 * see what it has seen.
 */
static bool
read_step(struct state *s, bool final)
{
	const struct slot *sl = &s->slots[s->next % ENTRIES];
	uint8_t want = (uint8_t)(2 * (s->next + 1)), stored;

	if (s->idle != 0 && !final)
		return (false);
	switch (s->rstep) {
	case 0:
		s->rhead = s->head;
		if (s->next >= s->rhead) {
			s->idle = 1;
			return (!final);
		}
		if (s->next >= s->limit) {
			lose(s, s->rhead);
			return (true);
		}
		stored = s->rhead < s->limit ? s->rhead : s->limit;
		if (stored - s->next > ENTRIES)
			lose(s,
			    (uint8_t)(stored - ENTRIES +
				(final ? 0 : ENTRIES / 4)));
		s->rstep = 1;
		return (true);
	case 1:
		s->s1 = sl->seq;
		if (s->s1 == want) {
			s->rstep = 2;
			return (true);
		}
		s->rstep = 0;
		if (s->s1 > want || final)
			lose(s, (uint8_t)(s->next + 1));
		else
			s->idle = 1;
		return (true);
	case 2:
		s->r0 = sl->f0;
		s->rstep = 3;
		return (true);
	case 3:
		s->r1 = sl->f1;
		s->rstep = 4;
		return (true);
	default:
		s->rstep = 0;
		if (sl->seq != want && mutant != NO_SECOND_LOOK) {
			lose(s, (uint8_t)(s->next + 1));
			return (true);
		}
		if (s->r0 != s->next || s->r1 != s->next)
			wrong = "a torn record was taken for whole";
		wholes++;
		s->seen++;
		s->next++;
		return (true);
	}
}

static void
end(struct state s)
{
	s.idle = 0;
	while (read_step(&s, true))
		;
	if (s.seen + s.lost != s.head)
		wrong = "seen and lost are not what was given out";
}

/* Everything that can come after s. */
static void
explore(const struct state *s)
{
	struct state t;

	if (wrong != NULL || !is_new(s))
		return;
	t = *s;
	t.idle = 0;
	if (t.inner.left > 0) {
		if (write_step(&t, &t.inner)) {
			explore(&t);
		}
	} else {
		if (write_step(&t, &t.outer))
			explore(&t);
		for (uint8_t n = 1; n <= 2 && n <= s->nested; n++) {
			if (s->outer.left == 0)
				break;
			t = *s;
			t.idle = 0;
			t.nested = (uint8_t)(t.nested - n);
			t.inner = (struct writer){0, 0, n};
			explore(&t);
		}
	}
	t = *s;
	if (read_step(&t, false))
		explore(&t);
	if (s->outer.left == 0 && s->inner.left == 0 && s->rstep == 0)
		end(*s);
}

/* limit: numbers from there on are not stored. */
static const char *
run(enum mutant m, uint8_t limit)
{
	struct state s;

	memset(&s, 0, sizeof(s));
	memset(used, 0, TABLE * sizeof(*used));
	mutant = m;
	wrong = NULL;
	nstates = wholes = 0;
	s.outer.left = WRITES;
	s.nested = m == FLOOD ? ENTRIES : NESTED;
	s.limit = limit;
	explore(&s);
	printf("%-16s limit %3u: %9lu states, %9lu whole records: %s\n",
	    mutants[m], limit, nstates, wholes,
	    wrong != NULL ? wrong : "holds");
	return (wrong);
}

int
main(void)
{
	int bad = 0;

	table = malloc(TABLE * sizeof(*table));
	used = malloc(TABLE * sizeof(*used));
	if (table == NULL || used == NULL)
		return (2);
	bad |= run(RIGHT, 200) != NULL;
	bad |= run(RIGHT, ENTRIES) != NULL; /* stop mode */
	for (enum mutant m = RIGHT + 1; m < MUTANTS; m++)
		bad |= run(m, 200) == NULL;
	return (bad);
}
