/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The byte ring of a pipe: an array of page slots.
 *
 * A page is allocated when its slot is first written and kept while the ring
 * holds data; an emptied ring starts over at slot 0 and keeps that one page,
 * so two processes that play ping-pong always use the same warm page and an
 * idle pipe costs one page.
 *
 * Invariant 1: pr_head < capacity; pr_count <= capacity.
 * Invariant 2: every slot that holds a byte of the ring has a page.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/uio.h>

#include "pipe_var.h"

MALLOC_DEFINE(M_PIPEBUF, "pipebuf", "pages of data in pipes");

/* 0 or ENOMEM. */
int
ring_init(struct pipe_ring *pr, uint32_t nslots)
{
	KASSERT(powerof2(nslots), ("ring_init: %u slots", nslots));
	pr->pr_slots = kmalloc(
	    nslots * sizeof(*pr->pr_slots), M_PIPEBUF, M_WAITOK | M_ZERO);
	pr->pr_nslots = nslots;
	pr->pr_npages = 0;
	pr->pr_head = 0;
	pr->pr_count = 0;
	return (pr->pr_slots == NULL ? ENOMEM : 0);
}

void
ring_destroy(struct pipe_ring *pr)
{
	for (uint32_t i = 0; i < pr->pr_nslots; i++)
		kfree(pr->pr_slots[i], M_PIPEBUF);
	kfree(pr->pr_slots, M_PIPEBUF);
}

size_t
ring_capacity(const struct pipe_ring *pr)
{
	return ((size_t)pr->pr_nslots << PAGE_SHIFT);
}

size_t
ring_space(const struct pipe_ring *pr)
{
	return (ring_capacity(pr) - pr->pr_count);
}

/* The ring is empty: start over, keep one page. */
static void
ring_reset(struct pipe_ring *pr)
{
	pr->pr_head = 0;
	if (pr->pr_npages <= 1 && pr->pr_slots[0] != NULL)
		return;
	for (uint32_t i = 1; i < pr->pr_nslots; i++) {
		kfree(pr->pr_slots[i], M_PIPEBUF);
		pr->pr_slots[i] = NULL;
	}
	pr->pr_npages = pr->pr_slots[0] != NULL;
}

/* Consume n bytes, freeing the slots that are behind the head. */
void
ring_consume(struct pipe_ring *pr, size_t n)
{
	size_t cap = ring_capacity(pr);

	pr->pr_head = (pr->pr_head + n) & (cap - 1);
	pr->pr_count -= n;
	if (pr->pr_count == 0)
		ring_reset(pr);
}

void *
ring_peek(struct pipe_ring *pr, size_t skip, size_t *np)
{
	size_t at = (pr->pr_head + skip) & (ring_capacity(pr) - 1);

	*np = MIN(PAGE_SIZE - (at & PAGE_MASK), pr->pr_count - skip);
	return (pr->pr_slots[at >> PAGE_SHIFT] + (at & PAGE_MASK));
}

void *
ring_head(struct pipe_ring *pr, size_t *np)
{
	return (ring_peek(pr, 0, np));
}

/* Move what is there and fits into the uio.  0 or EFAULT. */
int
ring_read(struct pipe_ring *pr, struct uio *uio)
{
	while (pr->pr_count > 0 && uio->uio_resid > 0) {
		size_t off = pr->pr_head & PAGE_MASK;
		size_t n =
		    MIN(MIN(PAGE_SIZE - off, pr->pr_count), uio->uio_resid);
		int error;

		error = uiomove(
		    pr->pr_slots[pr->pr_head >> PAGE_SHIFT] + off, n, uio);
		if (error != 0)
			return (error);
		ring_consume(pr, n);
	}
	return (0);
}

/* The page of slot i, made if missing; NULL: ENOMEM. */
static uint8_t *
ring_page(struct pipe_ring *pr, size_t i)
{
	if (pr->pr_slots[i] == NULL) {
		pr->pr_slots[i] = kmalloc(PAGE_SIZE, M_PIPEBUF, M_WAITOK);
		pr->pr_npages += pr->pr_slots[i] != NULL;
	}
	return (pr->pr_slots[i]);
}

void *
ring_tail(struct pipe_ring *pr, size_t *np)
{
	size_t tail = (pr->pr_head + pr->pr_count) & (ring_capacity(pr) - 1);
	uint8_t *page = ring_page(pr, tail >> PAGE_SHIFT);

	*np = MIN(PAGE_SIZE - (tail & PAGE_MASK), ring_space(pr));
	return (page == NULL ? NULL : page + (tail & PAGE_MASK));
}

void
ring_commit(struct pipe_ring *pr, size_t n)
{
	pr->pr_count += n;
}

/*
 * Take up to max bytes from the uio; there is room for them.  0, EFAULT,
 * ENOMEM; bytes before the failure stay.
 */
int
ring_write(struct pipe_ring *pr, struct uio *uio, size_t max)
{
	size_t cap = ring_capacity(pr);

	while (max > 0) {
		size_t tail = (pr->pr_head + pr->pr_count) & (cap - 1);
		size_t off = tail & PAGE_MASK;
		size_t n = MIN(PAGE_SIZE - off, max);
		uint8_t *page = ring_page(pr, tail >> PAGE_SHIFT);
		int error;

		if (page == NULL)
			return (ENOMEM);
		error = uiomove(page + off, n, uio);
		if (error != 0)
			return (error);
		pr->pr_count += n;
		max -= n;
	}
	return (0);
}

/* Copy all bytes of from to the start of to, which has room. */
static int
ring_copy(struct pipe_ring *from, struct pipe_ring *to)
{
	size_t cap = ring_capacity(from), done = 0;

	while (done < from->pr_count) {
		size_t src = (from->pr_head + done) & (cap - 1);
		size_t n = MIN(PAGE_SIZE - (src & PAGE_MASK),
		    PAGE_SIZE - (done & PAGE_MASK));
		uint8_t *page = ring_page(to, done >> PAGE_SHIFT);

		if (page == NULL)
			return (ENOMEM);
		n = MIN(n, from->pr_count - done);
		memcpy(page + (done & PAGE_MASK),
		    from->pr_slots[src >> PAGE_SHIFT] + (src & PAGE_MASK), n);
		done += n;
	}
	to->pr_count = done;
	return (0);
}

/* EBUSY: more data than would fit; ENOMEM; then nothing changed. */
int
ring_resize(struct pipe_ring *pr, uint32_t nslots)
{
	struct pipe_ring new;
	int error;

	if (pr->pr_count > ((size_t)nslots << PAGE_SHIFT))
		return (EBUSY);
	error = ring_init(&new, nslots);
	if (error != 0)
		return (error);
	error = ring_copy(pr, &new);
	if (error != 0) {
		ring_destroy(&new);
		return (error);
	}
	ring_destroy(pr);
	*pr = new;
	return (0);
}
