/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The states in which a crash may leave a disk (states.c).
 */
#ifndef STATES_H
#define STATES_H

#include "writelog.h"

enum {
	STATES_PREFIX = 0x1,  /* what was issued so far, in order */
	STATES_SUBSET = 0x2,  /* any of what no flush has made durable */
	STATES_TORN = 0x4,    /* and one of them only in part */
	STATES_REORDER = 0x8, /* and two that overlap the other way round */
	STATES_ALL = 0xf
};

struct states_config {
	unsigned sc_kinds;   /* STATES_ */
	unsigned sc_exhaust; /* up to so many writes: all their subsets */
	unsigned sc_samples; /* else so many subsets of them, by chance */
	uint64_t sc_seed;
	uint64_t sc_max;       /* states, 0: no limit */
	uint64_t sc_torn_unit; /* sectors that are written whole: 1 */
};
#define STATES_CONFIG                                                          \
	{                                                                      \
		STATES_ALL, 6, 48, 1, 0, 1                                     \
	}

/* A state.  Its number names it: the same log and config give it again. */
struct crash_state {
	uint64_t cs_number;
	size_t cs_at; /* entries issued when it came */
	const char
	    *cs_text; /* for people: "after 12; of 9-12 only 9, 11(3/8)" */
	const uint8_t *cs_disk; /* not to be written */
	uint64_t cs_bytes;
};

struct states_result {
	uint64_t sr_states; /* looked at */
	uint64_t sr_same;   /* that were one of the others again */
	uint64_t sr_wrong;  /* for which check was not 0 */
	bool sr_limited;    /* sc_max ended it */
};

/*
 * Call check for each state of the disk that begins as base (cs_bytes bytes) and
 * sees the log's writes.  check returns 0 if the state is right, > 0 if it is
 * wrong, < 0 to stop.  ENOMEM, EINVAL (the log writes beyond bytes), or 0.
 */
int states_each(const struct writelog *wl, const uint8_t *base, uint64_t bytes,
    const struct states_config *sc,
    int (*check)(const struct crash_state *cs, void *arg), void *arg,
    struct states_result *sr);

#endif
