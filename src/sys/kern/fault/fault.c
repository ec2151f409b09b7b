/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failure knobs: decide whether a fault point fires.
 *
 * Three kinds of knob, and any of them makes a question fail:
 * 1. A point's own: fp_nth counts its questions down and fires once at zero,
 *    fp_ppm fires at random (sysctl debug.fault.NAME.{nth,ppm}).
 * 2. The plan: one count and one probability over the questions that programs
 *    ask at all points, or at those of a list (options and sysctls
 *    debug.fault_plan.{nth,ppm,points}).  In a repeatable run n = 1, 2, ... walks
 *    every failure path of a program: ci/sweep.
 * 3. A thread's own count (/proc/self/fail-nth, as on Linux), of its system calls
 *    and page faults.  What it does on its way out to user mode (signals, the rseq
 *    area after a switch) asks at moments of the scheduler's, and is not counted.
 *
 * debug.fault_plan.site names a function: then only questions are counted, by
 * any of the three, that have it among the callers (the frame pointers are
 * walked, so this is slow).
 *
 * Chance has a generator of its own (option fault.seed), which serves nothing
 * else: a run on one CPU repeats its failures.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/boot.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/splitmix.h>
#include <sys/sysctl.h>

#define SITE_DEPTH 24
#define POINTS_MAX 128

uint32_t fault_wide; /* (atomic) the plan, and each thread with a count */
static uint64_t fault_state = SPLITMIX_STEP; /* (atomic) */

static struct {
	int64_t nth; /* (atomic) counts down */
	uint32_t ppm;
	char points[POINTS_MAX]; /* names with commas; "": all */
	char site[64];
	bool on;	       /* counted in fault_wide */
	bool said;	       /* was asked for at boot: say how it ended */
	uint64_t asked, fired; /* (atomic) */
} plan;

static uint32_t
fault_random(void)
{
	return (
	    (uint32_t)(splitmix_mix(atomic_add(&fault_state, SPLITMIX_STEP)) %
		1000000));
}

/* Is name one of the words of list? */
static bool
listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; *p != '\0';) {
		if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return (true);
		while (*p != '\0' && *p++ != ',')
			;
	}
	return (false);
}

/* Is the function plan.site among the callers? */
static bool
from_site(void)
{
	uintptr_t fp = (uintptr_t)__builtin_frame_address(0), frame[2];
	size_t n = strlen(plan.site);
	char name[128];

	for (int i = 0; i < SITE_DEPTH; i++) {
		if ((fp & 7) != 0 ||
		    !ddb_read((const void *)fp, frame, sizeof(frame)) ||
		    frame[1] == 0)
			return (false);
		if (machine_symbol(frame[1] - 1, name, sizeof(name)) &&
		    strncmp(name, plan.site, n) == 0 &&
		    (name[n] == '\0' || name[n] == '+' || name[n] == ' '))
			return (true);
		if (frame[0] <= fp)
			return (false);
		fp = frame[0];
	}
	return (false);
}

static bool
plan_fires(const struct fault_point *fp)
{
	uint64_t n;

	/* What the kernel does for itself would fail at no program's doing. */
	if (!plan.on || (curproc == NULL && boot_option("ktest") == NULL) ||
	    (plan.points[0] != '\0' && !listed(plan.points, fp->fp_name)))
		return (false);
	n = atomic_add(&plan.asked, 1);
	if (!(atomic_load(&plan.nth) > 0 && atomic_sub(&plan.nth, 1) == 0) &&
	    !(plan.ppm != 0 && fault_random() < plan.ppm))
		return (false);
	if (atomic_add(&plan.fired, 1) == 1 && plan.said)
		kprintf("fault: question %lu, %s, fails for %s (%d)\n", n,
		    fp->fp_name, curproc != NULL ? curproc->p_comm : "kernel",
		    curproc != NULL ? curproc->p_pid : 0);
	return (true);
}

static bool
lwp_fires(void)
{
	struct lwp *lp = curthread->td_lwp;

	if (lp == NULL || lp->lw_leaving || lp->lw_fault_nth == 0 ||
	    --lp->lw_fault_nth > 0)
		return (false);
	(void)atomic_sub(&fault_wide, 1);
	return (true);
}

void
fault_lwp_set(struct lwp *lp, uint32_t n)
{
	if ((lp->lw_fault_nth != 0) != (n != 0))
		atomic_add(&fault_wide, n != 0 ? 1U : -1U);
	lp->lw_fault_nth = n;
}

bool
fault_check(struct fault_point *fp)
{
	bool fire = false;

	/* The death of init is a panic: failing it would test nothing else. */
	if (curproc != NULL && curproc == initproc)
		return (false);
	if (plan.site[0] != '\0' && !from_site())
		return (false);
	atomic_add(&fp->fp_hits, 1);
	if (atomic_load(&fp->fp_nth) > 0 && atomic_sub(&fp->fp_nth, 1) == 0)
		fire = true;
	if (fp->fp_ppm != 0 && fault_random() < fp->fp_ppm)
		fire = true;
	if (fault_wide != 0) {
		fire |= plan_fires(fp);
		fire |= lwp_fires();
	}
	if (fire) {
		atomic_add(&fp->fp_fired, 1);
		KTR_EVENT(TEST, fault, "point=%s", KTRS(fp->fp_name));
	}
	return (fire);
}

/* --- the plan's settings --------------------------------------------------------- */

static void
plan_changed(void)
{
	bool on = plan.nth > 0 || plan.ppm != 0;

	if (on != plan.on)
		atomic_add(&fault_wide, on ? 1U : -1U);
	plan.on = on;
}

static int
sysctl_number(const struct sysctl_entry *e, struct sysctl_req *req)
{
	bool nth = e->sc_type == CTL_I64;
	int64_t v = nth ? plan.nth : plan.ppm;
	size_t size = nth ? sizeof(plan.nth) : sizeof(plan.ppm);
	int error = sysctl_out(req, &v, size);

	if (error != 0 || req->sr_new == NULL)
		return (error);
	v = 0;
	if ((error = sysctl_in(req, &v, size)) != 0)
		return (error);
	if (v < 0)
		return (EINVAL);
	if (nth)
		plan.nth = v;
	else
		plan.ppm = (uint32_t)v;
	plan_changed();
	return (0);
}
SYSCTL_PROC(fault_nth, "debug.fault_plan.nth", CTL_I64, CTLF_RW, sysctl_number,
    "fail the n-th question of programs from now, at any point; 0: none");
SYSCTL_PROC(fault_ppm, "debug.fault_plan.ppm", CTL_UINT, CTLF_RW, sysctl_number,
    "fail questions of programs with this probability in a million");
SYSCTL_VAR(fault_points, "debug.fault_plan.points", CTL_STRING, CTLF_RW,
    plan.points, sizeof(plan.points),
    "the points of the plan, with commas; empty: all");
SYSCTL_VAR(fault_site, "debug.fault_plan.site", CTL_STRING, CTLF_RW, plan.site,
    sizeof(plan.site),
    "count questions only if this function is among the callers");
SYSCTL_U64(fault_asked, "debug.fault_plan.asked", CTLF_RD, &plan.asked,
    "questions that the plan counted");
SYSCTL_U64(fault_fired, "debug.fault_plan.fired", CTLF_RD, &plan.fired,
    "how many of them it failed");

static uint64_t
number_option(const char *key)
{
	const char *text = boot_option(key);
	uint64_t v = 0;

	if (text != NULL && kstrtou64(text, 0, &v) != 0)
		kprintf("%s: \"%s\" is not a number\n", key, text);
	return (v);
}

static void
text_option(const char *key, char *buf, size_t size)
{
	const char *text = boot_option(key);

	if (text != NULL && strlcpy(buf, text, size) >= size)
		kprintf("%s: \"%s\" is too long\n", key, text);
}

static void
fault_init(void)
{
	if (boot_option("fault.seed") != NULL)
		fault_state = number_option("fault.seed");
}
SYSINIT(fault, SI_LOCK, fault_init);

static void
plan_start(void)
{
	plan.nth = (int64_t)MIN(number_option("fault.nth"), INT64_MAX);
	plan.ppm = (uint32_t)MIN(number_option("fault.ppm"), 1000000UL);
	text_option("fault.points", plan.points, sizeof(plan.points));
	text_option("fault.site", plan.site, sizeof(plan.site));
	plan.said = plan.nth != 0 || plan.ppm != 0;
	plan_changed();
}
/* After the points where a machine may be multiplied: each has its own plan. */
SYSINIT(fault_plan, SI_SMP + 2, plan_start);

/* The plan is for programs: shutting down is not theirs. */
static void
plan_end(void)
{
	if (!plan.said)
		return;
	plan.nth = 0;
	plan.ppm = 0;
	plan_changed();
	kprintf("fault: %lu questions, %lu failed\n", plan.asked, plan.fired);
}
SHUTDOWN_HOOK(fault_plan, plan_end);
