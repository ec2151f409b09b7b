/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing rings.
 *
 * One ring of fixed records per CPU, written only by that CPU.  Order of a
 * record: sequence odd (being filled), fields, sequence 2 * (n + 1) with
 * release.  A reader copies a record and checks the sequence before and after:
 * unequal or odd means torn or lapped, and it counts a loss.  The rings keep
 * running until a panic, which leaves the last events in place.
 *
 * Memory comes at SI_LOCK; events before that are dropped and counted.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>

#define KTR_ENTRIES 2048 /* per CPU, a power of two */

struct ktr_ring {
	uint64_t kt_head; /* records ever begun; its CPU only */
	struct ktr_record *kt_records;
};

SET_DECLARE(ktr_points, struct ktr_point);
MALLOC_DEFINE(M_KTR, "ktr", "trace rings");

uint32_t ktr_enabled;
static struct ktr_ring rings[MAXCPU];

/* Rings cost memory: a CPU gets one when tracing is first switched on. */
static struct ktr_record *
ring_memory(struct ktr_ring *r)
{
	size_t bytes = KTR_ENTRIES * sizeof(struct ktr_record);

	if (r->kt_records == NULL)
		r->kt_records = kmalloc(bytes, M_KTR, M_NOWAIT | M_ZERO);
	return (r->kt_records);
}

static void
ktr_enable(uint32_t mask)
{
	for (int i = 0; i < ncpus && mask != 0; i++)
		(void)ring_memory(&rings[i]);
	ktr_enabled = mask;
}

static int
sysctl_enabled(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	uint32_t mask = ktr_enabled;
	int error = sysctl_out(req, &mask, sizeof(mask));

	if (error != 0 || req->sr_new == NULL)
		return (error);
	if ((error = sysctl_in(req, &mask, sizeof(mask))) == 0)
		ktr_enable(mask);
	return (error);
}
SYSCTL_PROC(ktr_enabled, "debug.ktr.enabled", CTL_UINT, CTLF_RW, sysctl_enabled,
    "bit mask of traced groups");

void
ktr_record(const struct ktr_point *kp, uint32_t nargs, const uint64_t *args)
{
	struct ktr_ring *r = &rings[curcpu->c_id];
	struct ktr_record *kr;
	uint64_t n;

	if (r->kt_records == NULL)
		return;
	n = r->kt_head++;
	kr = &r->kt_records[n % KTR_ENTRIES];
	kr->kr_seq = 2 * n + 1;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	kr->kr_cycles = machine_cycles();
	kr->kr_id = kp->kp_id;
	kr->kr_nargs = nargs;
	kr->kr_thread = KTRP(curthread);
	for (uint32_t i = 0; i < nargs && i < KTR_ARGS; i++)
		kr->kr_args[i] = args[i];
	atomic_store_rel(&kr->kr_seq, 2 * (n + 1));
}

static void
ktr_number(void)
{
	struct ktr_point *kp;
	uint32_t id = 1;

	SET_FOREACH(kp, ktr_points)
		kp->kp_id = id++;
}
SYSINIT(ktr_number, SI_LOCK, ktr_number);

/* Option "ktr=MASK" traces from boot on. */
static void
ktr_start(void)
{
	const char *mask = boot_option("ktr");
	uint64_t v;

	if (mask == NULL || kstrtou64(mask, 0, &v) != 0)
		return;
	ktr_enable((uint32_t)v);
}
SYSINIT(ktr_start, SI_SMP + 1, ktr_start);

static const struct ktr_point *
point_of(uint32_t id)
{
	struct ktr_point *kp;

	SET_FOREACH(kp, ktr_points)
		if (kp->kp_id == id)
			return (kp);
	return (NULL);
}

static void
print_record(int cpu, const struct ktr_record *kr)
{
	const struct ktr_point *kp = point_of(kr->kr_id);

	kprintf("%d %lu %p %s", cpu, kr->kr_cycles, (void *)kr->kr_thread,
	    kp != NULL ? kp->kp_name : "?");
	for (uint32_t i = 0; i < kr->kr_nargs && i < KTR_ARGS; i++)
		kprintf(" %#lx", kr->kr_args[i]);
	kprintf(kp != NULL ? "  (%s)\n" : "\n", kp->kp_format);
}

static void
ddb_ktr(const char *arg)
{
	uint64_t count = 20, n;

	(void)ddb_number(&arg, &count);
	for (int c = 0; c < ncpus; c++) {
		struct ktr_ring *r = &rings[c];

		if (r->kt_records == NULL)
			continue;
		n = r->kt_head > count ? r->kt_head - count : 0;
		for (; n < r->kt_head; n++)
			print_record(c, &r->kt_records[n % KTR_ENTRIES]);
	}
}
DDB_COMMAND(ktr, "show ktr", ddb_ktr, "the last N trace records of each CPU");
