/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries that are generated from the fault points: for each point
 * debug.fault.NAME.nth (fail the n-th question from now), .ppm (probability),
 * .hits and .fired.
 */
#include <sys/systm.h>
#include <sys/malloc.h>

#include "sysctl_var.h"

MALLOC_DECLARE(M_SYSCTL);
SET_DECLARE(fault_points, struct fault_point);

#define FAULT_FIELDS   4
#define FAULT_NAME_MAX 64
#define FAULT_OFF(f)   offsetof(struct fault_point, f)

static const struct {
	const char *suffix;
	enum sysctl_type type;
	uint32_t flags;
	size_t offset;
	const char *desc;
} fault_fields[FAULT_FIELDS] = {
    {"nth", CTL_I64, CTLF_RW, FAULT_OFF(fp_nth),
	"fail the n-th time from now this point is asked; 0: never"},
    {"ppm", CTL_UINT, CTLF_RW, FAULT_OFF(fp_ppm),
	"fail with this probability in a million"},
    {"hits", CTL_U64, CTLF_RD, FAULT_OFF(fp_hits),
	"times this point was asked"},
    {"fired", CTL_U64, CTLF_RD, FAULT_OFF(fp_fired), "times this point failed"},
};

/* Names may have blanks or dashes in them: one component of letters. */
static void
fault_entry_name(char *buf, const char *point, const char *suffix)
{
	char name[FAULT_NAME_MAX / 2];

	strlcpy(name, point, sizeof(name));
	for (char *p = name; *p != '\0'; p++)
		if (*p == ' ' || *p == '-' || *p == '.')
			*p = '_';
	ksnprintf(buf, FAULT_NAME_MAX, "debug.fault.%s.%s", name, suffix);
}

static void
fault_fill(struct sysctl_entry *e, char *names, struct fault_point *fp)
{
	for (int i = 0; i < FAULT_FIELDS; i++) {
		char *name = names + i * FAULT_NAME_MAX;

		fault_entry_name(name, fp->fp_name, fault_fields[i].suffix);
		e[i].sc_name = name;
		e[i].sc_type = fault_fields[i].type;
		e[i].sc_flags = fault_fields[i].flags;
		e[i].sc_ptr = (char *)fp + fault_fields[i].offset;
		e[i].sc_size = fault_fields[i].type == CTL_UINT ? 4 : 8;
		e[i].sc_desc = fault_fields[i].desc;
	}
}

/* Is there an earlier point of that name?  Then this one has no entries. */
static bool
fault_is_duplicate(struct fault_point *fp)
{
	struct fault_point *other;

	SET_FOREACH(other, fault_points) {
		if (other == fp)
			return (false);
		if (strcmp(other->fp_name, fp->fp_name) == 0)
			return (true);
	}
	return (false);
}

const struct sysctl_entry *
sysctl_fault_entries(size_t *countp)
{
	struct fault_point *fp;
	struct sysctl_entry *e;
	char *names;
	size_t n = 0, i = 0;

	SET_FOREACH(fp, fault_points) {
		n += !fault_is_duplicate(fp);
	}
	*countp = 0;
	e = kmalloc(n * FAULT_FIELDS * sizeof(*e), M_SYSCTL, M_WAITOK | M_ZERO);
	names = kmalloc(n * FAULT_FIELDS * FAULT_NAME_MAX, M_SYSCTL, M_WAITOK);
	if (e == NULL || names == NULL) {
		kfree(e, M_SYSCTL);
		kfree(names, M_SYSCTL);
		kprintf("sysctl: no memory for fault points\n");
		return (NULL);
	}
	SET_FOREACH(fp, fault_points) {
		if (fault_is_duplicate(fp))
			continue;
		fault_fill(e + i * FAULT_FIELDS,
		    names + i * FAULT_FIELDS * FAULT_NAME_MAX, fp);
		i++;
	}
	*countp = n * FAULT_FIELDS;
	return (e);
}
