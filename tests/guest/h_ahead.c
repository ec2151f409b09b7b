/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults and forks do work ahead: they copy, zero and show pages that nobody has
 * asked for yet.  No program may see it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "gtest.h"

#define PG	      4096UL
#define RW	      (PROT_READ | PROT_WRITE)
#define MAP_OF_LINKER (MAP_PRIVATE | 0x800 /* MAP_DENYWRITE */)

static volatile long *
anon(size_t pages)
{
	void *p =
	    mmap(NULL, pages * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return (p);
}

static volatile long *
word(volatile long *p, long page)
{
	return (p + page * (long)(PG / sizeof(long)));
}

/* Does the program's page i hold what(i) for all n? */
static int
holds(volatile long *p, long n, long round, long stride)
{
	for (long i = 0; i < n; i++)
		if (*word(p, i) != (i % stride == 0 ? round * 1000 + i : i))
			return (0);
	return (1);
}

static int
ends_well(pid_t pid)
{
	int s = -1;

	return (
	    waitpid(pid, &s, 0) == pid && WIFEXITED(s) && WEXITSTATUS(s) == 0);
}

GTEST(
    forks, "does each child have its parent's memory of that moment, its own?")
{
	enum {
		N = 96,
		STRIDE = 7,
		ROUNDS = 50,
		LIVE = 8
	};
	volatile long *p = anon(N);
	pid_t live[LIVE] = {0};
	int gate[LIVE][2], bad = 0;

	for (long i = 0; i < N; i++)
		*word(p, i) = i;
	for (long r = 1; r <= ROUNDS; r++) {
		int slot = (int)(r % LIVE);
		char c;

		if (live[slot] != 0) {
			close(gate[slot][1]);
			bad += !ends_well(live[slot]);
		}
		for (long i = 0; i < N; i += STRIDE)
			*word(p, i) = r * 1000 + i;
		EQ(pipe(gate[slot]), 0);
		if ((live[slot] = fork()) == 0) {
			int ok = holds(p, N, r, STRIDE);

			for (int s = 0; s < LIVE; s++)
				if (live[s] != 0 || s == slot)
					close(gate[s][1]);
			/* While the parent goes on, and a child of ours, too. */
			while (read(gate[slot][0], &c, 1) > 0)
				;
			ok &= holds(p, N, r, STRIDE);
			for (long i = 0; i < N; i += STRIDE)
				*word(p, i) = -i;
			pid_t pid = fork();
			if (pid == 0) {
				for (long i = 0; i < N; i++)
					ok &= *word(p, i) ==
					    (i % STRIDE == 0 ? -i : i);
				*word(p, 0) = 5;
				_exit(!ok);
			}
			ok &= ends_well(pid) && *word(p, 0) == 0;
			_exit(!ok);
		}
		close(gate[slot][0]);
		bad += !holds(p, N, r, STRIDE);
	}
	for (int s = 0; s < LIVE; s++) {
		close(gate[s][1]);
		bad += !ends_well(live[s]);
	}
	EQ(bad, 0);
	CHECK(holds(p, N, ROUNDS, STRIDE));
}

static volatile long *first, *second;
static volatile int stop;

static void *
count(void *arg)
{
	for (long i = 1; !stop; i++) {
		*first = i;
		__sync_synchronize();
		*second = i;
		__sync_synchronize();
	}
	return (arg);
}

GTEST(fork_moment, "does a child see no later write without the one before?")
{
	pthread_t t;
	int bad = 0;

	/* Either may come first in memory. */
	for (int order = 0; order < 2; order++) {
		volatile long *p = anon(32);

		first = word(p, order == 0 ? 1 : 30);
		second = word(p, order == 0 ? 30 : 1);
		stop = 0;
		EQ(pthread_create(&t, NULL, count, NULL), 0);
		for (int i = 0; i < 60; i++) {
			pid_t pid = fork();

			if (pid == 0)
				_exit(
				    *first != *second && *first != *second + 1);
			bad += !ends_well(pid);
		}
		stop = 1;
		pthread_join(t, NULL);
	}
	EQ(bad, 0);
}

GTEST(downwards, "is memory that is used from its end down zero, and kept?")
{
	enum {
		N = 1500
	};
	volatile long *p = anon(N);
	long bad = 0;

	/* With pages in between that are there already. */
	for (long i = 100; i < N; i += 333)
		*word(p, i) = -1;
	for (long i = N - 1; i >= 0; i--) {
		bad +=
		    *word(p, i) != (i >= 100 && (i - 100) % 333 == 0 ? -1 : 0);
		*word(p, i) = i;
	}
	for (long i = 0; i < N; i++)
		bad += *word(p, i) != i;
	EQ(bad, 0);
}

GTEST(moved, "is memory that was moved and shared with a child still right?")
{
	enum {
		N = 700
	};
	volatile long *p = anon(N), *q;
	long bad = 0;
	pid_t pid;

	for (long i = 0; i < N; i += 2)
		*word(p, i) = i;
	q = mremap((void *)p, N * PG, 2 * N * PG, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED);
	if ((pid = fork()) == 0) {
		for (long i = 2 * N - 1; i >= 0; i--) {
			bad += *word(q, i) != (i < N && i % 2 == 0 ? i : 0);
			*word(q, i) = 1;
		}
		_exit(bad != 0);
	}
	for (long i = 2 * N - 1; i >= 0; i--)
		bad += *word(q, i) != (i < N && i % 2 == 0 ? i : 0);
	CHECK(ends_well(pid));
	for (long i = 0; i < 2 * N; i++) {
		bad += *word(q, i) != (i < N && i % 2 == 0 ? i : 0);
		*word(q, i) = -i;
	}
	for (long i = 0; i < 2 * N; i++)
		bad += *word(q, i) != -i;
	EQ(bad, 0);
}

static int
file_of_pages(long n)
{
	int fd = memfd_create("pages", 0);

	CHECK(fd >= 0);
	for (long i = 0; i < n; i++)
		EQ(pwrite(fd, &i, sizeof(i), i * (long)PG), sizeof(i));
	EQ(ftruncate(fd, n * (long)PG), 0);
	return (fd);
}

GTEST(file_private, "does a private mapping show what is written to the file?")
{
	int fd = file_of_pages(16);
	volatile long *p = mmap(NULL, 16 * PG, RW, MAP_PRIVATE, fd, 0);
	long v = 77, sum = 0;

	for (long i = 0; i < 16; i++)
		sum += *word(p, i);
	EQ(sum, 120);
	*word(p, 3) = -3;
	EQ(pwrite(fd, &v, sizeof(v), 4 * PG), sizeof(v));
	EQ(pwrite(fd, &v, sizeof(v), 3 * PG), sizeof(v));
	EQ(*word(p, 4), 77);
	EQ(*word(p, 3), -3);
	EQ(pread(fd, &v, sizeof(v), 3 * PG), sizeof(v));
	EQ(v, 77);
}

GTEST(
    file_linker, "is a library's data right, whichever page is written first?")
{
	int fd = file_of_pages(40);
	long v;

	for (long from = 0; from < 40; from += 13) {
		volatile long *p =
		    mmap(NULL, 40 * PG, RW, MAP_OF_LINKER, fd, 0);
		long bad = 0;

		CHECK(p != MAP_FAILED);
		for (long i = 0; i < 40; i++)
			bad += *word(p, i) != i;
		*word(p, from) = -1;
		for (long i = 0; i < 40; i++)
			bad += *word(p, i) != (i == from ? -1 : i);
		for (long i = 39; i >= 0; i--)
			*word(p, i) = 2 * i;
		/* Read-only again, as after relocation; a child may not write. */
		EQ(mprotect((void *)p, 8 * PG, PROT_READ), 0);
		pid_t pid = fork();
		if (pid == 0) {
			for (long i = 0; i < 40; i++)
				bad += *word(p, i) != 2 * i;
			*word(p, 20) = 1;
			_exit(bad != 0);
		}
		CHECK(ends_well(pid));
		EQ(*word(p, 20), 40);
		EQ(bad, 0);
		EQ(munmap((void *)p, 40 * PG), 0);
	}
	for (long i = 0; i < 40; i++) {
		EQ(pread(fd, &v, sizeof(v), i * (long)PG), sizeof(v));
		EQ(v, i);
	}
	/* A page beyond the end is no page, whatever is copied ahead. */
	EQ(ftruncate(fd, 2 * PG), 0);
	volatile long *p = mmap(NULL, 2 * PG, RW, MAP_OF_LINKER, fd, 0);
	*word(p, 0) = 9;
	EQ(*word(p, 1), 1);
}
