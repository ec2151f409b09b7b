/* SPDX-License-Identifier: BSD-2-Clause */
/* Trace rings and the shared segment, from inside the kernel. */
#include <sys/ktest.h>
#include <sys/cpu.h>
#include <sys/kshm.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include "../../src/sys/kern/ktr/ktr_var.h"

/* Writing a variable; errno. */
static int
set(const char *name, const void *value, size_t len)
{
	struct sysctl_req req = {.sr_new = value, .sr_newlen = len};

	return (sysctl_access(name, &req));
}

static int
set_text(const char *name, const char *value)
{
	return (set(name, value, strlen(value)));
}

static int
set_int(const char *name, int value)
{
	return (set(name, &value, sizeof(value)));
}

/* The suite traces all events; these cases count their own. */
static void
quiet(void)
{
	uint32_t none = 0;

	KT_EQ(set("kern.ktr.groups", &none, sizeof(none)), 0);
	KT_EQ(set_text("kern.ktr.off", "*"), 0);
}

static void
event(uint64_t v)
{
	KTR_EVENT(TEST, ktest, "v=%lu five=%lu", v, 5);
}

static const struct kshm_record *
record_of(uint64_t n)
{
	struct ktr_cpu *kc = curcpu->c_ktr;

	return (&kc->kc_records[n & kc->kc_mask]);
}

static uint64_t
head(void)
{
	return (curcpu->c_ktr->kc_ring->kr_head);
}

KTEST(ktr_record, "is an event in the ring what was said at its point?")
{
	const struct ktr_point *kp = ktr_point_named("TEST.ktest");
	const struct kshm_record *kr;
	uint64_t n;

	quiet();
	KT_CHECK(kp != NULL);
	event(1); /* off: leaves nothing */
	KT_EQ(set_text("kern.ktr.on", "TEST.ktest"), 0);
	n = head();
	event(7);
	event(8);
	KT_EQ(head(), n + 2);
	kr = record_of(n + 1);
	KT_EQ(kr->kr_seq, 2 * (n + 2));
	KT_EQ(kr->kr_id, kp->kp_id);
	KT_EQ(kr->kr_thread, curthread->td_id);
	KT_EQ(kr->kr_args[0], 8);
	KT_EQ(kr->kr_args[1], 5);
	KT_CHECK(kr->kr_time >= record_of(n)->kr_time);
	KT_EQ(kp->kp_event->ke_nargs, 2);
	KT_EQ(strcmp(kshm_text(kp->kp_event->ke_name), "ktest"), 0);
	KT_EQ(strcmp(kshm_text(kp->kp_event->ke_group_name), "TEST"), 0);
	KT_EQ(set_text("kern.ktr.off", "TEST.ktest"), 0);
	event(9);
	KT_EQ(head(), n + 2);
}

KTEST(ktr_masks, "do groups and names turn events on independently?")
{
	const struct ktr_point *kp = ktr_point_named("TEST.ktest");
	uint32_t mask = 1u << KTRG_TEST;

	quiet();
	KT_EQ(set("kern.ktr.groups", &mask, sizeof(mask)), 0);
	KT_CHECK(kp->kp_on != 0);
	KT_EQ(set_text("kern.ktr.on", "TEST.ktest"), 0);
	mask = 0;
	KT_EQ(set("kern.ktr.groups", &mask, sizeof(mask)), 0);
	KT_CHECK(kp->kp_on != 0);
	KT_EQ(set_text("kern.ktr.off", "*"), 0);
	KT_EQ(kp->kp_on, 0);
	KT_EQ(set_text("kern.ktr.on", "TEST.nosuch"), ENOENT);
	KT_EQ(set_text("kern.ktr.on", "TESTS"), ENOENT);
	KT_EQ(set_text("kern.ktr.on", "TEST.ktestx"), ENOENT);
	KT_EQ(set_text("kern.ktr.on", "ktest"), ENOENT);
	KT_EQ(kp->kp_on, 0);
}

KTEST(ktr_stop, "does stop mode keep the oldest events and count the others?")
{
	struct ktr_cpu *kc;
	uint64_t n, last;

	quiet();
	KT_EQ(set_text("kern.ktr.on", "TEST.ktest"), 0);
	kc = curcpu->c_ktr;
	KT_EQ(set_int("kern.ktr.stop", 1), 0);
	n = head();
	last = kc->kc_ring->kr_limit;
	KT_EQ(last - n, kc->kc_mask + 1);
	for (uint64_t i = 0; i < kc->kc_mask + 11; i++)
		event(i);
	KT_EQ(head(), n + kc->kc_mask + 11);
	KT_EQ(record_of(n)->kr_seq, 2 * (n + 1));
	KT_EQ(record_of(last - 1)->kr_seq, 2 * last);
	KT_EQ(record_of(n)->kr_args[0], 0);
	KT_EQ(set_int("kern.ktr.stop", 0), 0);
	n = head();
	event(77);
	KT_EQ(record_of(n)->kr_args[0], 77);
	KT_EQ(set_text("kern.ktr.off", "*"), 0);
}

KTEST(ktr_filter, "does a filter keep just the events that it says?")
{
	uint64_t n;

	quiet();
	KT_EQ(set_text("kern.ktr.on", "TEST.ktest"), 0);
	/* v < 3 */
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:1.0,0.3,13.0"), 0);
	n = head();
	for (uint64_t i = 0; i < 10; i++)
		event(i);
	KT_EQ(head(), n + 3);
	/* Another one, then none. */
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:0.0"), 0);
	event(0);
	KT_EQ(head(), n + 3);
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:"), 0);
	event(9);
	KT_EQ(head(), n + 4);
	KT_EQ(set_text("kern.ktr.off", "*"), 0);
}

KTEST(ktr_filter_bad, "are wrong filters, and no memory for one, errors?")
{
	int64_t one = 1;

	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest"), EINVAL);
	KT_EQ(set_text("kern.ktr.filter", "TEST.nosuch:0.1"), ENOENT);
	KT_EQ(set_text("kern.ktr.filter", "TEST:0.1"), ENOENT);
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:1.2"), EINVAL);
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:0.1,"), 0);
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:0.1,,"), EINVAL);
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:zz"), EINVAL);
	KT_EQ(set("debug.fault.ktrfilter.nth", &one, sizeof(one)), 0);
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:0.1"), ENOMEM);
	KT_EQ(set_text("kern.ktr.filter", "TEST.ktest:"), 0);
}

struct shown {
	uint64_t a, b;
};

KTEST(kshm_directory, "does an object get a place, and a wrong one an errno?")
{
	static const struct kshm_entry ks = {"test.obj%d", "struct shown", NULL,
	    sizeof(struct shown), 4, KSHM_COUNTER, KSHM_ANY, 0};
	struct kshm_entry bad = ks;
	struct kshm_header *kh = kshm_header();
	uint32_t n = kh->kh_nobjects;
	int64_t one = 1;
	uint64_t off;
	void *p = kshm_make(&ks, 3);

	KT_CHECK(p != NULL && (uintptr_t)p % 64 == 0);
	KT_CHECK(kshm_offset(p, &off) && off < kh->kh_bytes);
	KT_EQ(kh->kh_nobjects, n + 1);
	bad.ks_addr = &bad; /* not in the segment */
	KT_EQ(kshm_show(&bad, 0), EINVAL);
	bad.ks_addr = p;
	bad.ks_path = "a.path.that.is.longer.than.what.the.directory.has.room."
		      "for.is.refused";
	KT_EQ(kshm_show(&bad, -1), EINVAL);
	KT_EQ(kh->kh_refused, 2);
	KT_EQ(set("debug.fault.kshm.nth", &one, sizeof(one)), 0);
	KT_CHECK(kshm_make(&ks, 4) == NULL);
	bad.ks_path = "test.many";
	for (n = 0; n < 1000 && kshm_show(&bad, -1) == 0; n++)
		;
	KT_CHECK(n < 1000);
	KT_EQ(kshm_show(&bad, -1), ENOSPC);
}

KTEST(kshm_memory, "is a segment that is full an error, not the end?")
{
	struct kshm_header *kh = kshm_header();
	int n = 0;

	while (n < 100000 && kshm_alloc(65536) != NULL)
		n++;
	KT_CHECK(n > 4 && n < 100000);
	KT_CHECK(kh->kh_nextents <= KSHM_EXTENTS);
	KT_CHECK(kshm_alloc(65536) == NULL);
	/* Rings are made all the same, or events counted as unrecorded. */
	KT_EQ(set_text("kern.ktr.on", "TEST.ktest"), 0);
	event(1);
	KT_EQ(set_text("kern.ktr.off", "*"), 0);
}

KTEST(kshm_strings, "is a text kept once, and no room for one harmless?")
{
	uint32_t a = kshm_string("ktest text"), b = kshm_string("ktest other");
	char text[40];
	int n;

	KT_CHECK(a != 0 && b != 0 && a != b);
	KT_EQ(kshm_string("ktest text"), a);
	KT_EQ(strcmp(kshm_text(a), "ktest text"), 0);
	KT_EQ(kshm_string(""), 0);
	KT_EQ(kshm_string(NULL), 0);
	for (n = 0; n < 10000; n++) {
		ksnprintf(text, sizeof(text), "a text to fill the room %d", n);
		if (kshm_string(text) == 0)
			break;
	}
	KT_CHECK(n < 10000);
	KT_EQ(kshm_string("ktest other"), b);
}
