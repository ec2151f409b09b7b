/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash of the stream of events (option ktr.hash=1), to compare two runs.
 *
 * Each event adds its stable name, its thread, the time (the kernel's, which
 * is virtual in a repeatable run), and its integers.  Addresses are left out,
 * for they differ between builds; of a text its bytes are added, not where it
 * lies.  Each CPU hashes its own events; the sum of all is the hash, so with
 * one CPU it tells their order, too.
 */
#include <sys/systm.h>
#include <sys/cpu.h>
#include <sys/kshm.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include "ktr_var.h"

bool ktr_hashing;

static inline uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9fb21c651e98df25UL;
	return (h ^ h >> 29);
}

void
ktr_hash_add(struct ktr_cpu *kc, const struct ktr_point *kp,
    const struct kshm_record *kr)
{
	const struct kshm_event *ke = kp->kp_event;
	uint64_t h = kc->kc_hash;
	const char *text;

	h = mix(h, ke->ke_hash);
	h = mix(h, kr->kr_thread);
	h = mix(h, kr->kr_time);
	for (uint32_t i = 0; i < kp->kp_nargs; i++) {
		if ((ke->ke_pointers & (1u << i)) != 0)
			continue;
		if ((ke->ke_strings & (1u << i)) != 0) {
			text = kshm_text((uint32_t)kr->kr_args[i]);
			h = mix(h, hash64(text, strlen(text), 0));
		} else
			h = mix(h, kr->kr_args[i]);
	}
	kc->kc_hash = h;
	kc->kc_hashed++;
}

static void
hash_publish(void)
{
	struct kshm_header *kh = kshm_header();

	kh->kh_hash = ktr_stream_hash(&kh->kh_hash_count);
	if (ktr_hashing)
		kprintf("ktr: hash %016lx of %lu events\n", kh->kh_hash,
		    kh->kh_hash_count);
}
SHUTDOWN_HOOK(ktr_hash, hash_publish);

static int
sysctl_hash(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	uint64_t count, hash = ktr_stream_hash(&count);

	return (sysctl_out(req, &hash, sizeof(hash)));
}
SYSCTL_PROC(ktr_hash, "kern.ktr.hash", CTL_U64, CTLF_RD, sysctl_hash,
    "hash of the events so far; 0 without option ktr.hash=1");

static int
sysctl_hashed(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	uint64_t count;

	(void)ktr_stream_hash(&count);
	return (sysctl_out(req, &count, sizeof(count)));
}
SYSCTL_PROC(ktr_hashed, "kern.ktr.hashed", CTL_U64, CTLF_RD, sysctl_hashed,
    "events that kern.ktr.hash covers");
