/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sysctl tree: a table of all entries sorted by name, built once at boot
 * from the linker set and from what is generated (fault points).
 *
 * It is constant afterwards, so looking up takes no lock.  Values are read and
 * written under sysctl_lock, which keeps a string whole; integers are read by
 * the rest of the kernel without it.
 *
 * A name that appears twice is our own mistake and panics in test builds.
 */
#include <sys/systm.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/ucred.h>

#include "sysctl_var.h"

MALLOC_DEFINE(M_SYSCTL, "sysctl", "the table of sysctl entries");
FAULT_POINT(fault_sysctl, "sysctl");

SET_DECLARE(sysctl_entries, const struct sysctl_entry);

LOCK_DEFINE(sysctl_lock, "sysctl");
static const struct sysctl_entry **sysctl_table; /* (c) after boot */
static size_t sysctl_count;

/* --- the table ------------------------------------------------------------------ */

/* Index of the first entry whose name is not below name. */
static size_t
sysctl_lower_bound(const char *name)
{
	size_t lo = 0, hi = sysctl_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(sysctl_table[mid]->sc_name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (lo);
}

static void
sysctl_insert(const struct sysctl_entry *e)
{
	size_t i = sysctl_lower_bound(e->sc_name);

	KASSERT(i == sysctl_count ||
		strcmp(sysctl_table[i]->sc_name, e->sc_name) != 0,
	    ("sysctl: %s is defined twice", e->sc_name));
	KASSERT(e->sc_desc != NULL && e->sc_desc[0] != '\0',
	    ("sysctl: %s has no description", e->sc_name));
	memmove(&sysctl_table[i + 1], &sysctl_table[i],
	    (sysctl_count - i) * sizeof(sysctl_table[0]));
	sysctl_table[i] = e;
	sysctl_count++;
}

static size_t
sysctl_set_size(void)
{
	const struct sysctl_entry *e;
	size_t n = 0;

	SET_FOREACH(e, sysctl_entries) {
		n++;
	}
	return (n);
}

static void
sysctl_init(void)
{
	const struct sysctl_entry *e, *faults;
	size_t nfaults = 0;

	faults = sysctl_fault_entries(&nfaults);
	sysctl_table =
	    kmalloc((sysctl_set_size() + nfaults) * sizeof(sysctl_table[0]),
		M_SYSCTL, M_WAITOK);
	if (sysctl_table == NULL)
		panic("sysctl: out of memory");
	SET_FOREACH(e, sysctl_entries) {
		sysctl_insert(e);
	}
	for (size_t i = 0; i < nfaults; i++)
		sysctl_insert(&faults[i]);
}
SYSINIT(sysctl, SI_PROC, sysctl_init);

const struct sysctl_entry *
sysctl_find(const char *name)
{
	size_t i = sysctl_lower_bound(name);

	if (i == sysctl_count || strcmp(sysctl_table[i]->sc_name, name) != 0)
		return (NULL);
	return (sysctl_table[i]);
}

const struct sysctl_entry *
sysctl_next(const char *name)
{
	size_t i = sysctl_lower_bound(name);

	if (i < sysctl_count && strcmp(sysctl_table[i]->sc_name, name) == 0)
		i++;
	return (i < sysctl_count ? sysctl_table[i] : NULL);
}

/* --- values -------------------------------------------------------------------------- */

/* Handlers: give len bytes out.  0, ENOMEM (does not fit; nothing copied). */
int
sysctl_out(struct sysctl_req *req, const void *p, size_t len)
{
	req->sr_oldlen = len;
	if (req->sr_old == NULL)
		return (0);
	if (len > req->sr_oldmax)
		return (ENOMEM);
	memcpy(req->sr_old, p, len);
	return (0);
}

/* Handlers: the new value must have len bytes.  0 (also if there is none). */
int
sysctl_in(struct sysctl_req *req, void *p, size_t len)
{
	if (req->sr_new == NULL)
		return (0);
	if (req->sr_newlen != len)
		return (EINVAL);
	memcpy(p, req->sr_new, len);
	return (0);
}

static int
sysctl_string(const struct sysctl_entry *e, struct sysctl_req *req)
{
	char *s = e->sc_ptr;
	int error;

	error = sysctl_out(req, s, strnlen(s, e->sc_size - 1) + 1);
	if (error != 0 || req->sr_new == NULL)
		return (error);
	if (strnlen(req->sr_new, req->sr_newlen) >= e->sc_size)
		return (EINVAL);
	memset(s, 0, e->sc_size);
	memcpy(s, req->sr_new, strnlen(req->sr_new, req->sr_newlen));
	return (0);
}

/*
 * A number.  The new value may come with 4 or 8 bytes whatever the width of
 * the variable is, as long as it fits.
 */
static int
sysctl_number(const struct sysctl_entry *e, struct sysctl_req *req)
{
	bool narrow = e->sc_type == CTL_INT || e->sc_type == CTL_UINT;
	int64_t wide;
	int32_t value32;
	int error;

	error = sysctl_out(req, e->sc_ptr, narrow ? 4 : 8);
	if (error != 0 || req->sr_new == NULL)
		return (error);
	if (req->sr_newlen == 4) {
		memcpy(&value32, req->sr_new, 4);
		wide = e->sc_type == CTL_UINT || e->sc_type == CTL_U64
		    ? (int64_t)(uint32_t)value32
		    : value32;
	} else if (req->sr_newlen == 8) {
		memcpy(&wide, req->sr_new, 8);
	} else {
		return (EINVAL);
	}
	if ((e->sc_type == CTL_INT && wide != (int32_t)wide) ||
	    (e->sc_type == CTL_UINT && wide != (int64_t)(uint32_t)wide))
		return (EINVAL);
	if (narrow)
		atomic_store((uint32_t *)e->sc_ptr, (uint32_t)wide);
	else
		atomic_store((uint64_t *)e->sc_ptr, (uint64_t)wide);
	return (0);
}

static int
sysctl_value(const struct sysctl_entry *e, struct sysctl_req *req)
{
	int error;

	if (e->sc_handler != NULL)
		return (e->sc_handler(e, req));
	switch (e->sc_type) {
	case CTL_STRING:
		return (sysctl_string(e, req));
	case CTL_OPAQUE:
		error = sysctl_out(req, e->sc_ptr, e->sc_size);
		return (
		    error != 0 ? error : sysctl_in(req, e->sc_ptr, e->sc_size));
	default:
		return (sysctl_number(e, req));
	}
}

/* Who may write: kernel threads, root, and all where the entry says so. */
static int
sysctl_check_write(const struct sysctl_entry *e)
{
	if ((e->sc_flags & CTLF_RW) != CTLF_RW)
		return (EPERM);
	if ((e->sc_flags & CTLF_ANYWRITE) != 0)
		return (0);
	return (cred_check_cap(cred_current(), CAP_SYS_ADMIN));
}

/* Sleeps. */
int
sysctl_access(const char *name, struct sysctl_req *req)
{
	const struct sysctl_entry *e = sysctl_find(name);
	int error;

	req->sr_oldlen = 0;
	if (e == NULL)
		return (ENOENT);
	if (req->sr_new != NULL && (error = sysctl_check_write(e)) != 0)
		return (error);
	if (fault_fires(&fault_sysctl))
		return (ENOMEM);
	lock_excl(&sysctl_lock);
	error = sysctl_value(e, req);
	lock_release(&sysctl_lock);
	KTR_EVENT(PROC, sysctl, "entry=%p write=%d error=%d", KTRP(e),
	    req->sr_new != NULL, error);
	return (error);
}

static void
sysctl_ddb_print(const struct sysctl_entry *e)
{
	kprintf("%s: ", e->sc_name);
	if (e->sc_ptr == NULL || e->sc_type == CTL_OPAQUE)
		kprintf("(handler)\n");
	else if (e->sc_type == CTL_STRING)
		kprintf("%s\n", (const char *)e->sc_ptr);
	else if (e->sc_type == CTL_INT || e->sc_type == CTL_UINT)
		kprintf("%d\n", *(int *)e->sc_ptr);
	else
		kprintf("%ld\n", *(int64_t *)e->sc_ptr);
}

/* sysctl [PREFIX] */
static void
sysctl_ddb_show(const char *arg)
{
	while (arg != NULL && *arg == ' ')
		arg++;
	for (size_t i = 0; i < sysctl_count; i++)
		if (arg == NULL ||
		    strncmp(sysctl_table[i]->sc_name, arg, strlen(arg)) == 0)
			sysctl_ddb_print(sysctl_table[i]);
}
DDB_COMMAND(sysctl, "sysctl", sysctl_ddb_show,
    "variables whose name begins with the argument");
