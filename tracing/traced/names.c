/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of threads, calls and locks.
 *
 * Threads come from the segment's object lwkt.threads; which of its members is
 * what is told by their names, where they are by the segment's types.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "store.h"

struct call_names {
	const char *abi;
	const char *const *names;
	uint32_t count;
};
#include "call_names.h" /* made of syscalls.master: all_call_names */

const char *
call_name(const char *abi, uint32_t nr)
{
	for (size_t i = 0;
	     i < sizeof(all_call_names) / sizeof(all_call_names[0]); i++)
		if (strcmp(all_call_names[i].abi, abi) == 0)
			return (nr < all_call_names[i].count
				? all_call_names[i].names[nr]
				: NULL);
	return (NULL);
}

uint32_t
thread_of(struct store *st, uint32_t id)
{
	struct thread_info *ti;
	uint64_t value;

	if (st->st_threads.v_n > 0 &&
	    thread_at(st, st->st_thread_cached)->ti_id == id)
		return (st->st_thread_cached);
	if (map_get(st->st_by_id, id, &value)) {
		st->st_thread_cached = (uint32_t)value;
		return ((uint32_t)value);
	}
	if (st->st_threads.v_n == THREADS_MAX ||
	    (ti = vec_push(&st->st_threads)) == NULL)
		return (NO_THREAD);
	value = st->st_threads.v_n - 1;
	ti->ti_id = id;
	ti->ti_cpu = ti->ti_last_cpu = -1;
	snprintf(ti->ti_name, sizeof(ti->ti_name), "thread %u", id);
	if (!map_set(st->st_by_id, id, value))
		return (NO_THREAD);
	st->st_names_wanted = true;
	st->st_thread_cached = (uint32_t)value;
	return ((uint32_t)value);
}

uint16_t
lock_of(struct store *st, const char *name)
{
	uint64_t key = 0xcbf29ce484222325UL, value;
	struct lock_name *ln;

	for (const char *p = name; *p != '\0'; p++)
		key = (key ^ (unsigned char)*p) * 0x100000001b3UL;
	if (map_get(st->st_lock_names, key, &value))
		return ((uint16_t)value);
	/* The last number is "others". */
	if (st->st_locks.v_n >= UINT16_MAX)
		return (UINT16_MAX - 1);
	if ((ln = vec_push(&st->st_locks)) == NULL)
		return (0);
	snprintf(ln->ln_name, sizeof(ln->ln_name), "%s",
	    st->st_locks.v_n == UINT16_MAX ? "others" : name);
	(void)map_set(st->st_lock_names, key, st->st_locks.v_n - 1);
	return ((uint16_t)(st->st_locks.v_n - 1));
}

/* --- the table of threads ---------------------------------------------------------- */

static const char *const members[] = {
    "ts_id", "ts_pid", "ts_tid", "ts_ended", "ts_name", "ts_abi"};
enum {
	TS_ID,
	TS_PID,
	TS_TID,
	TS_ENDED,
	TS_NAME,
	TS_ABI,
	TS_COUNT
};
struct layout {
	bool there[TS_COUNT];
	uint64_t offset[TS_COUNT];
	uint32_t size[TS_COUNT];
};

static int
layout_leaf(const struct kshm_leaf *l, void *arg)
{
	struct layout *lt = arg;

	for (int i = 0; i < TS_COUNT; i++)
		if (strcmp(l->path, members[i]) == 0) {
			lt->there[i] = true;
			lt->offset[i] = l->offset;
			lt->size[i] = l->size;
		}
	return (0);
}

static uint64_t
number(const uint8_t *slot, const struct layout *lt, int member)
{
	uint64_t v = 0;

	if (lt->there[member])
		memcpy(&v, slot + lt->offset[member],
		    lt->size[member] < 8 ? lt->size[member] : 8);
	return (v);
}

static void
text(const uint8_t *slot, const struct layout *lt, int member, char *to,
    size_t room)
{
	size_t n = lt->size[member];

	if (!lt->there[member])
		return;
	n = n < room ? n : room - 1;
	memcpy(to, slot + lt->offset[member], n);
	to[n] = '\0';
}

static void
slot_read(struct store *st, const uint8_t *slot, const struct layout *lt)
{
	struct thread_info *ti;
	uint32_t thread;

	/* Also those without an event yet: who is idle is known from here. */
	if (number(slot, lt, TS_ID) == 0 ||
	    (thread = thread_of(st, (uint32_t)number(slot, lt, TS_ID))) ==
		NO_THREAD)
		return;
	ti = thread_at(st, thread);
	ti->ti_pid = (int32_t)number(slot, lt, TS_PID);
	ti->ti_tid = (int32_t)number(slot, lt, TS_TID);
	ti->ti_ended = number(slot, lt, TS_ENDED) != 0;
	text(slot, lt, TS_NAME, ti->ti_name, sizeof(ti->ti_name));
	text(slot, lt, TS_ABI, ti->ti_abi, sizeof(ti->ti_abi));
	ti->ti_named = true;
	ti->ti_idle = strncmp(ti->ti_name, "idle/", 5) == 0;
}

void
names_refresh(struct store *st)
{
	const struct kshm_object *ko = kshm_find(st->st_kshm, "lwkt.threads");
	struct layout lt = {0};
	uint32_t type;
	uint8_t *slot;
	int error;

	if (ko == NULL || ko->ko_size == 0 || ko->ko_size > 65536 ||
	    (type = kshm_type_id(st->st_kshm, ko->ko_type)) == 0 ||
	    kshm_type_size(st->st_kshm, type) != ko->ko_size ||
	    (slot = calloc(1, ko->ko_size)) == NULL)
		return;
	(void)kshm_walk(st->st_kshm, type, slot, layout_leaf, &lt);
	for (uint32_t i = 0; lt.there[TS_ID] && i < ko->ko_count; i++) {
		if ((error = kshm_read(st->st_kshm, ko, i, slot)) == EINVAL)
			break; /* the table is shorter than it says */
		if (error == 0)
			slot_read(st, slot, &lt);
	}
	free(slot);
	st->st_names_wanted = false;
}
