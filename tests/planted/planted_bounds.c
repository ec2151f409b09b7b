/* SPDX-License-Identifier: BSD-2-Clause */
/* Planted bugs: over and under the bounds of objects, blocks, arrays, stacks. */
#include <sys/uio.h>
#include "planted.h"

static struct zone *
zone40(void)
{
	static struct zone *zone;

	if (zone == NULL)
		zone = zone_create("planted40", 40, 8);
	return (zone);
}

PLANTED(zone_read_past, "Invalid read of size 1", "bad read of 1 bytes",
    "is a read behind a zone's object seen?")
{
	uint8_t *p = zone_alloc(zone40(), M_WAITOK | M_ZERO);
	volatile uint8_t sum = 0;

	for (size_t i = 39; i < over(40); i++)
		sum += p[i]; /* BUG */
	zone_free(zone40(), p);
}

PLANTED(zone_write_past, "Invalid write of size 8", "bad write of 8 bytes",
    "is a write behind a zone's object seen?")
{
	uint64_t *p = zone_alloc(zone40(), M_WAITOK | M_ZERO);

	for (size_t i = 0; i < over(5); i++)
		*(volatile uint64_t *)&p[i] = i; /* BUG */
	zone_free(zone40(), p);
}

PLANTED(zone_read_before, "Invalid read of size 1", "bad read of 1 bytes",
    "is a read in front of a zone's object seen?")
{
	char *p = zone_alloc(zone40(), M_WAITOK | M_ZERO), *end = p + 4;

	memset(p, ' ', 5);
	*p = planted() ? ' ' : 'x';
	hide(p);
	while (*end == ' ') /* BUG */
		end--;
	zone_free(zone40(), p);
}

PLANTED(kmalloc_write_past, "Invalid write of size 1", "bad write of 1 bytes",
    "is a write into the rest of a size class seen?")
{
	volatile char *p = kmalloc(100, M_TEMP, M_WAITOK);

	p[over(99)] = '\0'; /* BUG */
	kfree((char *)(uintptr_t)p, M_TEMP);
}

PLANTED(kmalloc_write_across, "Invalid write of size 4", "bad write of 4 bytes",
    "is a word that begins inside a block and ends outside seen?")
{
	char *p = kmalloc(14, M_TEMP, M_WAITOK);

	*(volatile uint32_t *)(p + (planted() ? 12 : 8)) = 1; /* BUG */
	kfree(p, M_TEMP);
}

PLANTED(kmalloc_write_before, "Invalid write of size 1", "bad write of 1 bytes",
    "is a write in front of a kmalloc block seen?")
{
	volatile char *p = kmalloc(64, M_TEMP, M_WAITOK);

	p[planted() ? -1 : 0] = 1; /* BUG */
	kfree((char *)(uintptr_t)p, M_TEMP);
}

PLANTED(page_write_past, "Invalid write of size 1", "bad write of 1 bytes",
    "is a write behind a block of just a page seen?")
{
	volatile char *p = kmalloc(PAGE_SIZE, M_TEMP, M_WAITOK);

	p[over(PAGE_SIZE - 1)] = 1; /* BUG */
	kfree((char *)(uintptr_t)p, M_TEMP);
}

PLANTED(large_read_past, "Invalid read of size 1", "bad read of 1 bytes",
    "is a read behind a large block, inside its last page, seen?")
{
	volatile char *p = kmalloc(5000, M_TEMP, M_WAITOK | M_ZERO);

	(void)p[over(4999)]; /* BUG */
	kfree((char *)(uintptr_t)p, M_TEMP);
}

PLANTED(large_write_before, "Invalid write of size 4", "bad write of 4 bytes",
    "is a write in front of a large block seen?")
{
	volatile uint32_t *p = kmalloc(8192, M_TEMP, M_WAITOK);

	p[planted() ? -1 : 0] = 1; /* BUG */
	kfree((uint32_t *)(uintptr_t)p, M_TEMP);
}

PLANTED(memset_past, "Invalid write of size", "bad write of",
    "is a memset that is too long seen, and who called it?")
{
	char *p = kmalloc(48, M_TEMP, M_WAITOK);

	hide(p);
	memset(p, 0, over(48)); /* BUG */
	hide(p);
	kfree(p, M_TEMP);
}

PLANTED(memcpy_past, "Invalid read of size", "bad read of",
    "is a memcpy from behind its source seen?")
{
	char *p = kmalloc(33, M_TEMP, M_WAITOK | M_ZERO);
	char *q = kmalloc(64, M_TEMP, M_WAITOK);

	hide(p);
	memcpy(q, p, over(33)); /* BUG */
	hide(q);
	kfree(q, M_TEMP);
	kfree(p, M_TEMP);
}

PLANTED(string_no_end, "Invalid read of size 1", "bad read of 1 bytes",
    "is a string without its NUL seen?")
{
	char *p = kmalloc(8, M_TEMP, M_WAITOK);

	memset(p, 'a', 8);
	if (!planted())
		p[7] = '\0';
	hide(p);
	KT_CHECK(strlen(p) >= 7); /* BUG */
	kfree(p, M_TEMP);
}

struct ring {
	uint32_t head, slots[8];
};

static void
ring_put(struct ring *r, uint32_t value, size_t size)
{
	*(volatile uint32_t *)&r->slots[r->head] = value; /* BUG: ring */
	if (++r->head == size)
		r->head = 0;
}

PLANTED(ring, "Invalid write of size 4", "bad write of 4 bytes",
    "is a ring that turns one slot too late seen?")
{
	struct ring *r = kmalloc(sizeof(*r), M_TEMP, M_WAITOK | M_ZERO);

	for (uint32_t i = 0; i < 20; i++)
		ring_put(r, i, over(8));
	kfree(r, M_TEMP);
}

struct list_head {
	size_t count;
	uint64_t values[];
};

PLANTED(flexible_array, "Invalid write of size 8", "bad write of 8 bytes",
    "is an array at a structure's end with one element too few seen?")
{
	size_t want = 7, have = planted() ? want - 1 : want;
	struct list_head *l =
	    kmalloc(sizeof(*l) + have * sizeof(l->values[0]), M_TEMP, M_WAITOK);

	l->count = want;
	for (size_t i = 0; i < want; i++)
		*(volatile uint64_t *)&l->values[i] = i; /* BUG */
	kfree(l, M_TEMP);
}

struct small {
	uint64_t type, a;
};
struct big {
	struct small base;
	uint64_t b[6];
};

PLANTED(wrong_type, "Invalid write of size 8", "bad write of 8 bytes",
    "is a small structure that is taken for a big one seen?")
{
	size_t bytes = planted() ? sizeof(struct small) : sizeof(struct big);
	struct small *s = kmalloc(bytes, M_TEMP, M_WAITOK);
	volatile struct big *b = (struct big *)s;

	b->b[5] = 1; /* BUG */
	kfree(s, M_TEMP);
}

PLANTED(uio_past, "Invalid read of size", "bad read of",
    "is a uio that goes past its buffer's end seen?")
{
	char *p = kmalloc(40, M_TEMP, M_WAITOK | M_ZERO), to[64];
	struct iovec iov;
	struct uio uio;

	uio_init(&uio, &iov, to, sizeof(to), 0, UIO_READ);
	KT_EQ(uiomove(p, over(40), &uio), 0); /* BUG */
	kfree(p, M_TEMP);
}

PLANTED(percpu_index, "Invalid write of size 8", "bad write of 8 bytes",
    "is the counter of a CPU that is not there seen?")
{
	uint64_t *counts =
	    kmalloc((size_t)ncpus * sizeof(*counts), M_TEMP, M_WAITOK | M_ZERO);

	/* CPUs count from 0. */
	for (size_t i = planted() ? 1 : 0; i < over((size_t)ncpus); i++)
		*(volatile uint64_t *)&counts[i] = 1; /* BUG */
	kfree(counts, M_TEMP);
}

/* --- stacks and globals -------------------------------------------------------- */

PLANTED(stack_array_past, "-", "bad write of 4 bytes",
    "is a write behind an array on the stack seen?")
{
	uint32_t a[6];

	for (size_t i = 0; i < over(6); i++)
		*(volatile uint32_t *)&a[i] = 0; /* BUG */
	hide(a);
}

PLANTED(stack_array_before, "-", "bad read of 1 bytes",
    "is a read in front of an array on the stack seen?")
{
	char a[16];
	ssize_t at = planted() ? -1 : 0;

	memset(a, 0, sizeof(a));
	hide(a);
	(void)*(volatile char *)&a[at]; /* BUG */
}

PLANTED(stack_scope, "-", "bad write of 4 bytes",
    "is a variable used behind its block seen?")
{
	volatile uint32_t outer, *p = &outer;

	{
		uint32_t inner = 1;

		hide(&inner);
		if (planted())
			p = &inner;
		hide(&p);
	}
	*p = 2; /* BUG */
}

static uint16_t global_table[10];
static uint16_t global_after[10];

PLANTED(global_past, "-", "bad read of 2 bytes",
    "is a read behind a global array seen?")
{
	volatile uint16_t *p = global_table;

	hide(global_after);
	(void)p[over(9)]; /* BUG */
}

static const char global_text[] = "abcdefg";

PLANTED(global_string_past, "-", "bad read of 1 bytes",
    "is a read behind a constant string seen?")
{
	volatile const char *p = global_text;

	(void)p[over(sizeof(global_text) - 1)]; /* BUG */
}

/* Far enough down: the 128 bytes below the stack pointer are anybody's. */
static uintptr_t __attribute__((noinline)) frame_address(void)
{
	volatile uint64_t local[64];

	local[0] = 1;
	hide((void *)(uintptr_t)local);
	return ((uintptr_t)local);
}

PLANTED(stack_below, "Invalid read of size 8", "-",
    "is a pointer to a variable of a function that has returned seen?")
{
	uint64_t own = 1;
	uintptr_t p = frame_address();

	hide(&own);
	if (!planted())
		p = (uintptr_t)&own;
	(void)*(volatile uint64_t *)p; /* BUG */
}

PLANTED(stack_overflow, "panic: kernel stack overflow",
    "panic: kernel stack overflow", "is an overflow of a kernel stack noticed?")
{
	/* As deep as the guard word, without the frames in between. */
	if (planted())
		*(volatile uint64_t *)curthread->td_kstack = 0;
	thread_yield();
}
