/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the checkers, which are compiled like the kernel, and check_host.c,
 * which has the C library.
 */
#ifndef CHECK_HOST_H
#define CHECK_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment { /* a piece of physical memory */
	uint64_t sg_pa, sg_len;
	uint8_t *sg_bytes;
};
#define SEGMENTS_MAX 64
extern struct segment segments[SEGMENTS_MAX];
extern int nsegments;
extern uint64_t reads; /* phys_read calls so far */

/* File: segments, each u64 address, u64 length, bytes. */
void host_load(const char *path);
/* A copy that lasts until the next call; NULL outside the segments. */
const void *host_phys_read(uint64_t pa, size_t len);
uint64_t host_number(const char *word);
void host_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void host_fail(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

int check_main(int argc, char **argv);

#endif
