/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing: writing events.
 *
 * 1. Concept.  A point in the code (struct ktr_point, made by KTR_EVENT) writes
 *    a record of 64 bytes into the ring of its CPU.  The rings and a table of
 *    all points lie in the shared segment (kern/kshm): readers follow a running
 *    kernel, or look at what a dead one left, without its help.
 *
 * 2. Writing.  One instruction takes a number (xadd, not locked: only this CPU
 *    writes its ring, but an interrupt may come between any two instructions
 *    and write records of its own, which get later numbers).  The slot's
 *    sequence is made odd, the fields are filled, then the sequence says which
 *    record it is (release).  On this CPU architecture none of that is a
 *    barrier; it costs the stores and the cycle counter.
 *
 * 3. A reader can stall nobody: it writes nothing.  It tells a record that was
 *    overwritten while it was copied by the sequence, and one that it came too
 *    late for by the number, and counts both.
 *
 * 4. Flight recorder or stop: numbers at or above kr_limit are given out but
 *    not stored.  The limit is infinite while the ring is to keep the newest
 *    records, and the number of slots ahead when it is to keep the oldest.  So
 *    head counts what was written in either mode, and what a reader did not
 *    get is head minus what it got: seen + lost == head.
 *
 * 5. Before there is memory, CPU 0 writes into a small ring that the linker
 *    made.  The others get theirs when tracing is first switched on; they keep
 *    it.  Without memory a CPU's events are dropped and counted.
 *
 * 6. kp_on of a point is 0 unless its group or itself is on, and while all are
 *    held (ktr_hold); KTRF_SLOW sends it the long way: through a filter
 *    (ktr_filter.c), or into the hash.
 *
 * Invariants:
 * (1) A ring's head and records are written by its CPU alone.
 * (2) While a record is filled, interrupts write fewer records than the ring
 *     has slots; else the slot would be filled by both.  They write a few.
 * (3) A point's number never changes, and the table of points is complete
 *     before the first record.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/cpu.h>
#include <sys/kshm.h>
#include <sys/proc.h>
#include "ktr_var.h"

#define EARLY_ENTRIES	512
#define DEFAULT_ENTRIES 2048 /* per CPU */
#define MAX_ENTRIES	(1UL << 20)

MALLOC_DEFINE(M_KTR, "ktr", "trace filters");

struct ktr_stats {	     /* (atomic) */
	uint64_t ks_no_ring; /* events of a CPU that has no ring */
	uint64_t ks_filtered;
};

uint32_t ktr_enabled;
KSHM_STATIC(struct ktr_stats, ktr_stats, "ktr.stats", KSHM_COUNTER, KSHM_ANY);
static struct kshm_record early_records[EARLY_ENTRIES] __kshm __aligned(64);
KSHM_STATIC(struct kshm_ring, early_ring, "ktr.early", KSHM_RING, KSHM_TRACE);
static struct ktr_cpu early_cpu = {
    &early_ring, early_records, EARLY_ENTRIES - 1, 0, 0};
static struct ktr_cpu ktr_cpus[MAXCPU];
static size_t ring_entries = DEFAULT_ENTRIES;
static bool slow; /* every event the long way; set at boot */
static bool held; /* (ktr lock) ktr_hold */

/* --- writing ------------------------------------------------------------------ */

/* A number of the ring; one instruction, so an interrupt's is another one. */
static inline uint64_t
take_number(struct kshm_ring *r)
{
	uint64_t n = 1;

	__asm__ volatile("xaddq %0, %1"
			 : "+r"(n), "+m"(r->kr_head)
			 :
			 : "memory", "cc");
	return (n);
}

static inline void
store(struct ktr_cpu *kc, uint32_t id, uint64_t time, uint64_t a0, uint64_t a1,
    uint64_t a2, uint64_t a3, uint64_t a4)
{
	struct kshm_ring *r = kc->kc_ring;
	uint64_t n = take_number(r);
	struct kshm_record *kr = &kc->kc_records[n & kc->kc_mask];

	if (__unlikely(n >= r->kr_limit))
		return;
	atomic_store(&kr->kr_seq, 2 * n + 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	kr->kr_time = time;
	kr->kr_id = id;
	kr->kr_thread = curthread->td_id;
	kr->kr_args[0] = a0;
	kr->kr_args[1] = a1;
	kr->kr_args[2] = a2;
	kr->kr_args[3] = a3;
	kr->kr_args[4] = a4;
	atomic_store_rel(&kr->kr_seq, 2 * (n + 1));
}

/*
 * The long way: a filter, a clock that is not the counter, the hash, no ring.  A
 * function of its own, so that the short way needs no frame to speak of.
 */
static void __noinline
record_slow(const struct ktr_point *kp, uint64_t a0, uint64_t a1, uint64_t a2,
    uint64_t a3, uint64_t a4)
{
	struct ktr_cpu *kc = curcpu->c_ktr;
	struct kshm_record kr = {.kr_args = {a0, a1, a2, a3, a4}};
	const struct ktr_filter *kf;

	if (kc == NULL) {
		atomic_add(&ktr_stats.ks_no_ring, 1);
		return;
	}
	kr.kr_id = kp->kp_id;
	kr.kr_thread = curthread->td_id;
	kr.kr_time = machine_stamp();
	kf = atomic_load_acq(&kp->kp_filter);
	if (kf != NULL && !ktr_filter_run(kf, &kr, (uint32_t)curcpu->c_id)) {
		atomic_add(&ktr_stats.ks_filtered, 1);
		return;
	}
	if (ktr_hashing)
		ktr_hash_add(kc, kp, &kr);
	store(kc, kr.kr_id, kr.kr_time, a0, a1, a2, a3, a4);
}

void
ktr_record(const struct ktr_point *kp, uint64_t a0, uint64_t a1, uint64_t a2,
    uint64_t a3, uint64_t a4)
{
	struct ktr_cpu *kc = curcpu->c_ktr;

	if (__unlikely((kp->kp_on & KTRF_SLOW) != 0 || kc == NULL))
		record_slow(kp, a0, a1, a2, a3, a4);
	else
		store(kc, kp->kp_id, cpu_cycles(), a0, a1, a2, a3, a4);
}

/* --- rings -------------------------------------------------------------------- */

static void
ring_init(struct kshm_ring *r, const struct kshm_record *records,
    size_t entries, int cpu)
{
	r->kr_limit = UINT64_MAX;
	r->kr_entries = (uint32_t)entries;
	r->kr_record_bytes = sizeof(struct kshm_record);
	r->kr_cpu = (uint32_t)cpu;
	(void)kshm_offset(records, &r->kr_records);
}

/*
 * Give a CPU its ring, if there is memory.  One thread at a time: the boot's,
 * or sysctl's lock is held.
 */
static void
ring_make(int cpu)
{
	static const struct kshm_entry entry = {"ktr.cpu%d", "struct kshm_ring",
	    NULL, sizeof(struct kshm_ring), 1, KSHM_RING, KSHM_TRACE, 0};
	struct ktr_cpu *kc = &ktr_cpus[cpu];
	struct kshm_entry made = entry;
	size_t n;

	if (kc->kc_ring != NULL)
		return;
	/* Better a short ring than none. */
	for (n = ring_entries; n >= 64 && kc->kc_records == NULL; n /= 2) {
		kc->kc_records = kshm_alloc(n * sizeof(struct kshm_record));
		kc->kc_mask = n - 1;
	}
	if (kc->kc_records == NULL ||
	    (made.ks_addr = kshm_alloc(sizeof(struct kshm_ring))) == NULL)
		return;
	ring_init(made.ks_addr, kc->kc_records, kc->kc_mask + 1, cpu);
	if (kshm_show(&made, cpu) != 0)
		return;
	kc->kc_ring = made.ks_addr;
	atomic_store_rel(&cpus[cpu]->c_ktr, kc);
}

static bool memory_is_there;

static void
rings_make(void)
{
	for (int i = 0; memory_is_there && i < ncpus; i++)
		ring_make(i);
}

/* Set how far each ring may be written; keep: the oldest records. */
void
ktr_limits(bool keep)
{
	for (int i = 0; i < ncpus; i++) {
		struct ktr_cpu *kc = cpus[i]->c_ktr;

		if (kc != NULL)
			atomic_store(&kc->kc_ring->kr_limit,
			    keep ? atomic_load(&kc->kc_ring->kr_head) +
				    kc->kc_mask + 1
				 : UINT64_MAX);
	}
}

void
ktr_freeze(void)
{
	for (int i = 0; i < ncpus; i++) {
		struct ktr_cpu *kc = cpus[i] != NULL ? cpus[i]->c_ktr : NULL;

		if (kc != NULL)
			atomic_store(&kc->kc_ring->kr_limit,
			    MIN(kc->kc_ring->kr_limit,
				atomic_load(&kc->kc_ring->kr_head)));
	}
}

/* --- points ------------------------------------------------------------------- */

struct ktr_point *
ktr_point_of(uint32_t id)
{
	struct ktr_point *kp;

	SET_FOREACH(kp, ktr_points)
		if (kp->kp_id == id)
			return (kp);
	return (NULL);
}

void
ktr_point_update(struct ktr_point *kp)
{
	uint8_t on = kp->kp_chosen;

	if ((ktr_enabled & (1u << kp->kp_group)) != 0)
		on |= KTRF_GROUP;
	if (on != 0 && (kp->kp_filter != NULL || slow))
		on |= KTRF_SLOW;
	atomic_store(&kp->kp_on, held ? 0 : on);
}

void
ktr_groups_set(uint32_t mask)
{
	struct ktr_point *kp;

	if (mask != 0)
		rings_make();
	ktr_enabled = mask;
	SET_FOREACH(kp, ktr_points)
		ktr_point_update(kp);
}

void
ktr_hold(bool hold)
{
	struct ktr_point *kp;

	held = hold;
	SET_FOREACH(kp, ktr_points)
		ktr_point_update(kp);
}

static const char *const group_names[] = {[KTRG_SCHED] = "SCHED",
    [KTRG_SYSCALL] = "SYSCALL",
    [KTRG_FAULT] = "FAULT",
    [KTRG_LOCK] = "LOCK",
    [KTRG_VFS] = "VFS",
    [KTRG_PROC] = "PROC",
    [KTRG_TTY] = "TTY",
    [KTRG_EVENT] = "EVENT",
    [KTRG_MACHINE] = "MACHINE",
    [KTRG_TEST] = "TEST"};
CTASSERT(nitems(group_names) == KTRG_COUNT);

/* Does [what, what + n) name the point: "*", "GROUP" or "GROUP.name"? */
static bool
names(const char *what, size_t n, const struct ktr_point *kp)
{
	const char *group = group_names[kp->kp_group];
	size_t g = strlen(group);

	if (n == 1 && *what == '*')
		return (true);
	if (n < g || strncmp(what, group, g) != 0)
		return (false);
	return (n == g ||
	    (what[g] == '.' && n == g + 1 + strlen(kp->kp_name) &&
		strncmp(what + g + 1, kp->kp_name, n - g - 1) == 0));
}

struct ktr_point *
ktr_point_named(const char *name)
{
	struct ktr_point *kp;

	if (strchr(name, '.') == NULL)
		return (NULL);
	SET_FOREACH(kp, ktr_points)
		if (names(name, strlen(name), kp))
			return (kp);
	return (NULL);
}

int
ktr_select(const char *what, bool on)
{
	const char *end;
	struct ktr_point *kp;
	int found;

	for (; *what != '\0'; what = *end == ',' ? end + 1 : end) {
		end = strchr(what, ',');
		if (end == NULL)
			end = what + strlen(what);
		found = 0;
		if (on)
			rings_make();
		SET_FOREACH(kp, ktr_points) {
			if (!names(what, (size_t)(end - what), kp))
				continue;
			found++;
			kp->kp_chosen = on ? KTRF_EVENT : 0;
			ktr_point_update(kp);
		}
		if (found == 0)
			return (ENOENT);
	}
	return (0);
}

uint64_t
ktr_stream_hash(uint64_t *countp)
{
	uint64_t sum = early_cpu.kc_hash;

	*countp = early_cpu.kc_hashed;
	for (int i = 0; i < ncpus; i++) {
		sum += ktr_cpus[i].kc_hash;
		*countp += ktr_cpus[i].kc_hashed;
	}
	return (sum);
}

/* --- start ---------------------------------------------------------------------- */

/* What the segment tells of a point. */
static void
event_describe(struct ktr_point *kp, struct kshm_event *ke, uint32_t id)
{
	uint64_t hash = hash64(
	    group_names[kp->kp_group], strlen(group_names[kp->kp_group]), 1);
	uint32_t arg = 0;

	kp->kp_id = ke->ke_id = id;
	kp->kp_event = ke;
	ke->ke_group = kp->kp_group;
	ke->ke_group_name = kshm_string(group_names[kp->kp_group]);
	ke->ke_name = kshm_string(kp->kp_name);
	ke->ke_format = kshm_string(kp->kp_format);
	/* The same file whoever built it, and where. */
	ke->ke_file = kshm_string(strstr(kp->kp_file, "src/sys/") != NULL
		? strstr(kp->kp_file, "src/sys/")
		: kp->kp_file);
	ke->ke_line = (uint32_t)kp->kp_line;
	ke->ke_hash = hash64(kp->kp_name, strlen(kp->kp_name), hash);
	for (const char *p = kp->kp_format; *p != '\0'; p++) {
		if (*p != '%' || *++p == '%')
			continue;
		while (*p == '#' || *p == 'l' || (*p >= '0' && *p <= '9'))
			p++;
		ke->ke_pointers |= *p == 'p' ? 1u << arg : 0;
		ke->ke_strings |= *p == 's' ? 1u << arg : 0;
		/* %c: all that is left is a text. */
		arg = *p == 'c' ? KTR_ARGS : arg + 1;
	}
	kp->kp_nargs = (uint8_t)MIN(arg, (uint32_t)KTR_ARGS);
	ke->ke_nargs = kp->kp_nargs;
}

#define EVENTS_MAX 320
static struct kshm_event events[EVENTS_MAX] __kshm; /* set at boot */

static void
boot_enable(void)
{
	const char *what = boot_option("ktr");
	uint64_t v;

	if (what == NULL && ktr_hashing)
		what = "*";
	if (what == NULL)
		return;
	if (kstrtou64(what, 0, &v) == 0)
		ktr_groups_set((uint32_t)v);
	else if (ktr_select(what, true) != 0)
		kprintf("ktr: \"%s\" names no event\n", what);
}

/* The first to run: what comes later may want to be traced. */
static void
ktr_start(void)
{
	struct kshm_header *kh = kshm_header();
	const char *v;
	uint64_t n;
	uint32_t id = 0;
	struct ktr_point *kp;

	if ((v = boot_option("ktr.entries")) != NULL &&
	    kstrtou64(v, 0, &n) == 0 && n >= 64 && n <= MAX_ENTRIES &&
	    (n & (n - 1)) == 0)
		ring_entries = n;
	v = boot_option("ktr.hash");
	ktr_hashing = v != NULL && strcmp(v, "1") == 0;
	/* In a repeatable run the time is the machine's, not the counter's. */
	slow = ktr_hashing || MACHINE_STAMP_NS;
	if (MACHINE_STAMP_NS)
		kh->kh_clock.kc_unit = KSHM_NS;
	SET_FOREACH(kp, ktr_points)
		if (id < EVENTS_MAX) {
			event_describe(kp, &events[id], id + 1);
			id++;
		}
	(void)kshm_offset(events, &kh->kh_events);
	kh->kh_nevents = id;
	ring_init(&early_ring, early_records, EARLY_ENTRIES, 0);
	early_ring.kr_early = 1;
	curcpu->c_ktr = &early_cpu;
	boot_enable();
}
SYSINIT(ktr, SI_CPU - 3, ktr_start);

/* From now on rings of their own, if anything is on: CPU 0, then the others. */
static void
ktr_memory(void)
{
	struct ktr_point *kp;
	bool any = false;

	memory_is_there = true;
	SET_FOREACH(kp, ktr_points)
		any |= kp->kp_on != 0;
	if (any)
		rings_make();
}
SYSINIT(ktr_memory, SI_ROOT - 5, ktr_memory);
SYSINIT(ktr_cpus, SI_SMP + 1, ktr_memory);
