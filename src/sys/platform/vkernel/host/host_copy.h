/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of memory files: host_copy.c. */
#ifndef HOST_COPY_H
#define HOST_COPY_H

#include <stdbool.h>
#include <stdint.h>

struct host_copy {
	int hc_from, hc_to; /* files of hc_bytes; the second is empty */
	char *hc_at;	    /* where the first is mapped, the second will be */
	uint64_t hc_bytes;
	char *hc_linked; /* another place for its beginning, or NULL */
	uint64_t hc_linked_bytes;
};

/* 0 or errno; then the mappings are of no use any more. */
int host_copy_file(struct host_copy *hc);
/* fstat and dup3, also for a descriptor that valgrind keeps for itself. */
struct stat;
int host_stat_fd(int fd, struct stat *st);
void host_replace_fd(int with, int fd);

/* func(arg) on the real CPU; it may make bare system calls only. */
long host_native(long (*func)(void *arg), void *arg);
/* Last words of a template to memcheck; false: it has reported something. */
bool host_memcheck_template(void);

#endif
