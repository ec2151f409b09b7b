/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing: what can be set, and what the debugger shows.
 *
 *	debug.ktr.enabled, kern.ktr.groups   bit mask of groups
 *	kern.ktr.on, kern.ktr.off   events by name: "SCHED.switch,VFS", "*"
 *	kern.ktr.stop    1: keep the oldest records, then stop; 0: the newest
 *	kern.ktr.filter  an event's filter, as text (ktrdump --compile makes it)
 *
 * sysctl's lock makes one change at a time.
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/kshm.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include "ktr_var.h"

FAULT_POINT(fault_filter, "ktrfilter");

static int
sysctl_groups(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	uint32_t mask = ktr_enabled;
	int error = sysctl_out(req, &mask, sizeof(mask));

	if (error != 0 || req->sr_new == NULL)
		return (error);
	if ((error = sysctl_in(req, &mask, sizeof(mask))) == 0)
		ktr_groups_set(mask);
	return (error);
}
SYSCTL_PROC(ktr_enabled, "debug.ktr.enabled", CTL_UINT, CTLF_RW, sysctl_groups,
    "bit mask of traced groups");
SYSCTL_PROC(ktr_groups, "kern.ktr.groups", CTL_UINT, CTLF_RW, sysctl_groups,
    "bit mask of traced groups");

/* Names of what is on by itself come out, names to turn on or off go in. */
static int
select(struct sysctl_req *req, bool on)
{
	char text[256] = "";
	struct ktr_point *kp;
	int error;

	SET_FOREACH(kp, ktr_points)
		if ((kp->kp_chosen != 0) == on &&
		    strlen(text) + strlen(kp->kp_name) + 2 < sizeof(text)) {
			if (text[0] != '\0')
				strlcat(text, ",", sizeof(text));
			strlcat(text, kp->kp_name, sizeof(text));
		}
	error = sysctl_out(req, text, strlen(text) + 1);
	if (error != 0 || req->sr_new == NULL)
		return (error);
	if (req->sr_newlen == 0 || req->sr_newlen >= sizeof(text))
		return (EINVAL);
	memcpy(text, req->sr_new, req->sr_newlen);
	text[req->sr_newlen] = '\0';
	return (ktr_select(text, on));
}

static int
sysctl_on(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	return (select(req, true));
}
SYSCTL_PROC(ktr_on, "kern.ktr.on", CTL_STRING, CTLF_RW, sysctl_on,
    "events that are on by name; write: turn these on");

static int
sysctl_off(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	return (select(req, false));
}
SYSCTL_PROC(ktr_off, "kern.ktr.off", CTL_STRING, CTLF_RW, sysctl_off,
    "events that are not on by name; write: turn these off");

static int
sysctl_stop(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	static int stop;
	int error = sysctl_out(req, &stop, sizeof(stop));

	if (error != 0 || req->sr_new == NULL)
		return (error);
	if ((error = sysctl_in(req, &stop, sizeof(stop))) == 0)
		ktr_limits(stop != 0);
	return (error);
}
SYSCTL_PROC(ktr_stop, "kern.ktr.stop", CTL_INT, CTLF_RW, sysctl_stop,
    "1: from now fill each ring once and stop; 0: keep the newest events");

/* --- filters -------------------------------------------------------------------- */

static void
passed(void *arg __unused)
{
}

static int
filter_make(struct ktr_point *kp, const struct kshm_filter_insn *code,
    uint32_t count, struct ktr_filter **kfp)
{
	size_t bytes = count * sizeof(*code);
	struct ktr_filter *kf;
	int error;

	if ((error = ktr_filter_check(code, count, kp->kp_nargs)) != 0)
		return (error);
	kf = fault_fires(&fault_filter)
	    ? NULL
	    : kmalloc(sizeof(*kf) + bytes, M_KTR, M_WAITOK);
	if (kf == NULL)
		return (ENOMEM);
	kf->kf_count = count;
	memcpy(kf->kf_code, code, bytes);
	*kfp = kf;
	return (0);
}

static void
filter_replace(struct ktr_point *kp, const struct ktr_filter *kf)
{
	const struct ktr_filter *old = kp->kp_filter;

	atomic_store_rel(&kp->kp_filter, kf);
	ktr_point_update(kp);
	if (old == NULL)
		return;
	/* Nobody runs it any more when each CPU has answered. */
	ipi_broadcast_wait(passed, NULL);
	kfree((void *)(uintptr_t)old, M_KTR);
}

/* One hexadecimal number of *pp; false: there is none, or it is too long. */
static bool
hex(const char **pp, uint64_t *vp)
{
	const char *p = *pp;
	uint64_t v = 0;
	int digits = 0;

	for (;; p++, digits++) {
		if (*p >= '0' && *p <= '9')
			v = v << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			v = v << 4 | (uint64_t)(*p - 'a' + 10);
		else
			break;
	}
	*pp = p;
	*vp = v;
	return (digits > 0 && digits <= 16);
}

/* "op.value,op.value...", hexadecimal.  EINVAL: it is not. */
static int
filter_decode(const char *p, struct kshm_filter_insn *code, uint32_t *countp)
{
	uint64_t op, value;
	uint32_t n = 0;

	for (; *p != '\0'; p += *p == ',') {
		if (n == KSHM_FILTER_MAX || !hex(&p, &op) || *p++ != '.' ||
		    !hex(&p, &value) || (*p != ',' && *p != '\0'))
			return (EINVAL);
		code[n++] = (struct kshm_filter_insn){
		    (uint32_t)MIN(op, (uint64_t)KFO_COUNT), 0, (int64_t)value};
	}
	*countp = n;
	return (0);
}

/* "GROUP.name:PROGRAM", or "GROUP.name:" for none. */
static int
filter_set(char *text, struct kshm_filter_insn *code)
{
	char *program = strchr(text, ':');
	struct ktr_filter *kf = NULL;
	struct ktr_point *kp;
	uint32_t count;
	int error;

	if (program == NULL)
		return (EINVAL);
	*program++ = '\0';
	if ((error = filter_decode(program, code, &count)) != 0)
		return (error);
	if ((kp = ktr_point_named(text)) == NULL)
		return (ENOENT);
	if (count > 0 && (error = filter_make(kp, code, count, &kf)) != 0)
		return (error);
	filter_replace(kp, kf);
	return (0);
}

#define FILTER_TEXT 2048

static int
sysctl_filter(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	struct kshm_filter_insn *code;
	char *text;
	int error;

	if (req->sr_new == NULL)
		return (sysctl_out(req, "", 1));
	if (req->sr_newlen >= FILTER_TEXT)
		return (EINVAL);
	text = kmalloc(
	    FILTER_TEXT + KSHM_FILTER_MAX * sizeof(*code), M_KTR, M_WAITOK);
	if (text == NULL)
		return (ENOMEM);
	code = (struct kshm_filter_insn *)(text + FILTER_TEXT);
	memcpy(text, req->sr_new, req->sr_newlen);
	text[req->sr_newlen] = '\0';
	error = filter_set(text, code);
	kfree(text, M_KTR);
	return (error);
}
SYSCTL_PROC(ktr_filter, "kern.ktr.filter", CTL_STRING, CTLF_RW, sysctl_filter,
    "write: an event's filter program (made by ktrdump --compile)");

/* At the end no event needs one. */
static void
filters_drop(void)
{
	struct ktr_point *kp;

	SET_FOREACH(kp, ktr_points)
		if (kp->kp_filter != NULL)
			filter_replace(kp, NULL);
}
SHUTDOWN_HOOK(ktr_filters, filters_drop);

/* --- the last events -------------------------------------------------------------------------- */

static void
print_record(int cpu, const struct kshm_record *kr)
{
	const struct ktr_point *kp = ktr_point_of(kr->kr_id);

	kprintf("%d %lu %u %s", cpu, kr->kr_time, kr->kr_thread,
	    kp != NULL ? kp->kp_name : "?");
	for (uint32_t i = 0; kp != NULL && i < kp->kp_nargs; i++)
		kprintf(" %#lx", kr->kr_args[i]);
	kprintf(kp != NULL ? "  (%s)\n" : "\n", kp->kp_format);
}

/* The last of each CPU. */
static void
print_last(uint64_t count)
{
	uint64_t head, n;

	for (int c = 0; c < ncpus; c++) {
		struct ktr_cpu *kc = cpus[c]->c_ktr;

		if (kc == NULL)
			continue;
		head = MIN(kc->kc_ring->kr_head, kc->kc_ring->kr_limit);
		count = MIN(count, kc->kc_mask + 1);
		for (n = head > count ? head - count : 0; n < head; n++)
			print_record(c, &kc->kc_records[n & kc->kc_mask]);
	}
}

static void
ddb_ktr(const char *arg)
{
	uint64_t count = 20;

	(void)ddb_number(&arg, &count);
	print_last(count);
}
DDB_COMMAND(ktr, "show ktr", ddb_ktr, "the last N trace records of each CPU");

void
ktr_tail(void)
{
	const char *text = boot_option("ktr.tail");
	uint64_t count;

	if (text == NULL || kstrtou64(text, 0, &count) != 0 || count == 0)
		return;
	kprintf("the last events (cpu, time, thread, event):\n");
	print_last(count);
}
