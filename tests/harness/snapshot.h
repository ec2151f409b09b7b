/* SPDX-License-Identifier: BSD-2-Clause */
/* Machines from a template that has booted already: snapshot.c. */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <stdbool.h>
#include <sys/types.h>

struct snapshot {
	const char *const *words; /* what the machine is told */
	int nwords;
	bool root; /* a program wants one, a body does not */
	/*
	 * In the process that becomes the template: append what starts it (its
	 * report goes to descriptor report), up to the machine's own words.
	 */
	void (*launcher)(
	    void (*add)(void *to, const char *word), void *to, int report);
	int console, report; /* the machine's; report -1: none */
	pid_t pid;	     /* out */
	int conn;	     /* out: the machine lives while this is open */
};

/* NULL: it runs.  Else why it does not. */
const char *snapshot_start(struct snapshot *s);
/* It has ended, or is to: its wait status; -1: nobody knows. */
int snapshot_end(struct snapshot *s);
void snapshot_kill(struct snapshot *s);

#endif
