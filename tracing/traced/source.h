/* SPDX-License-Identifier: BSD-2-Clause */
/* From the rings of a segment into the store, and back to a record. */
#ifndef TRACED_SOURCE_H
#define TRACED_SOURCE_H

#include "store.h"

/*
 * live: keep a copy of the records in a file without a name, for the rings go
 * on without us.  NULL: no memory.
 */
struct source *source_new(struct store *st, bool live);
void source_free(struct source *so);
/* All that is there, of a segment that does not change. */
void source_load(struct source *so);
/*
 * Copy what came since from the rings; touches nothing that a query reads.
 * end: the kernel writes no more.
 */
void source_read(struct source *so, bool end);
/* Is there room for some more readings without a merge? */
bool source_has_room(const struct source *so);
/* Put it into the store; final: all of it.  How many records. */
uint64_t source_merge(struct source *so, bool final);
/* How long to wait until the next source_read, so that no ring runs over. */
int64_t source_pause_ns(const struct source *so);
/* The record of an event; false: it is not there any more. */
bool source_record(
    struct source *so, uint32_t ring, struct pos at, struct kshm_record *kr);
/* A chunk is given back. */
void source_forget(struct source *so, const struct chunk *ck);

#endif
