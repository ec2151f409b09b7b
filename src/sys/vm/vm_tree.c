/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entries of a map: a treap by address (heap-ordered by a random rank, so
 * balanced in expectation) for lookups, and a list in address order for walks.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/splitmix.h>
#include "vm_var.h"

static struct zone *entry_zone;
static uint64_t rank_state = 1; /* (atomic) */

static void
entry_init(void)
{
	entry_zone = zone_create("vm_entry", sizeof(struct vm_entry), 8);
}
SYSINIT(vm_entry, SI_MEMORY + 1, entry_init);

struct vm_entry *
vm_entry_alloc(void)
{
	struct vm_entry *e = zone_alloc(entry_zone, M_WAITOK | M_ZERO);

	if (e == NULL)
		return (NULL);
	e->ve_rank =
	    (uint32_t)(splitmix_mix(atomic_add(&rank_state, SPLITMIX_STEP)) >>
		32);
	return (e);
}

void
vm_entry_free(struct vm_entry *e)
{
	vm_name_drop(e->ve_name);
	zone_free(entry_zone, e);
}

struct vm_entry *
vm_entry_at_or_after(struct vmspace *vm, uaddr_t addr)
{
	struct vm_entry *n = vm->vm_root, *best = NULL;

	while (n != NULL) {
		if (addr < n->ve_end) {
			best = n;
			n = n->ve_left;
		} else
			n = n->ve_right;
	}
	return (best);
}

struct vm_entry *
vm_entry_lookup(struct vmspace *vm, uaddr_t addr)
{
	struct vm_entry *e = vm_entry_at_or_after(vm, addr);

	return (e != NULL && e->ve_start <= addr ? e : NULL);
}

/* Split t into keys below addr and the rest. */
static void
split(struct vm_entry *t, uaddr_t addr, struct vm_entry **lp,
    struct vm_entry **rp)
{
	while (t != NULL) {
		if (t->ve_start < addr) {
			*lp = t;
			lp = &t->ve_right;
			t = t->ve_right;
		} else {
			*rp = t;
			rp = &t->ve_left;
			t = t->ve_left;
		}
	}
	*lp = *rp = NULL;
}

static struct vm_entry *
join(struct vm_entry *l, struct vm_entry *r)
{
	struct vm_entry *root = NULL, **p = &root;

	while (l != NULL && r != NULL) {
		if (l->ve_rank > r->ve_rank) {
			*p = l;
			p = &l->ve_right;
			l = l->ve_right;
		} else {
			*p = r;
			p = &r->ve_left;
			r = r->ve_left;
		}
	}
	*p = l != NULL ? l : r;
	return (root);
}

void
vm_entry_link(struct vmspace *vm, struct vm_entry *e)
{
	struct vm_entry **p = &vm->vm_root, *after;

	LOCK_ASSERT_EXCL(&vm->vm_lock);
	after = vm_entry_at_or_after(vm, e->ve_start);
	while (*p != NULL && (*p)->ve_rank >= e->ve_rank)
		p = e->ve_start < (*p)->ve_start ? &(*p)->ve_left
						 : &(*p)->ve_right;
	split(*p, e->ve_start, &e->ve_left, &e->ve_right);
	*p = e;
	if (after != NULL)
		TAILQ_INSERT_BEFORE(after, e, ve_link);
	else
		TAILQ_INSERT_TAIL(&vm->vm_entries, e, ve_link);
	vm->vm_nentries++;
}

void
vm_entry_unlink(struct vmspace *vm, struct vm_entry *e)
{
	struct vm_entry **p = &vm->vm_root;

	LOCK_ASSERT_EXCL(&vm->vm_lock);
	while (*p != e)
		p = e->ve_start < (*p)->ve_start ? &(*p)->ve_left
						 : &(*p)->ve_right;
	*p = join(e->ve_left, e->ve_right);
	e->ve_left = e->ve_right = NULL;
	TAILQ_REMOVE(&vm->vm_entries, e, ve_link);
	vm->vm_nentries--;
}
