/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A polling reader of every ring of a kernel, which checks what TEST.bench's
 * fields say of themselves, until the kernel has ended:
 *	ring_reader WHERE
 * prints "ring PATH head N seen N lost N torn N bench N" for each ring and ends
 * with 1 if anything was torn, or seen + lost is not the head.
 */
#include <stdlib.h>
#include <string.h>
#include <kshm.h>

#define MARK  0x5a5a5a5a5a5a5a5aUL
#define RINGS 64
#define BATCH 512

struct count {
	struct kshm_reader reader;
	uint64_t torn, bench, last;
};
static struct count counts[RINGS];
static size_t nrings;
static struct kshm_record batch[BATCH];
static uint32_t bench_id;

static void
find_rings(struct kshm *k)
{
	const struct kshm_object *objects[RINGS];
	size_t n;

	if (kshm_refresh(k) != 0)
		return;
	n = kshm_rings(k, objects, RINGS);
	for (; nrings < n && nrings < RINGS; nrings++)
		kshm_reader_init(
		    k, &counts[nrings].reader, objects[nrings], false);
	for (uint32_t id = 1; bench_id == 0 && id <= kshm_events(k); id++)
		if (strcmp(kshm_text(k, kshm_event(k, id)->ke_name), "bench") ==
		    0)
			bench_id = id;
}

static void
check(struct count *c, const struct kshm_record *kr)
{
	const uint64_t *a = kr->kr_args;

	if (kr->kr_id != bench_id)
		return;
	c->bench++;
	/* Only one CPU writes them, each with the next number. */
	if (a[1] != ~a[0] || a[2] != 3 * a[0] || a[3] != (a[0] ^ MARK) ||
	    a[4] != 0 || (c->bench > 1 && a[0] <= c->last))
		c->torn++;
	c->last = a[0];
}

static size_t
poll_all(struct kshm *k, bool end)
{
	size_t n, sum = 0;

	for (size_t i = 0; i < nrings; i++) {
		struct kshm_reader *kd = &counts[i].reader;

		n = end ? kshm_reader_end(k, kd, batch, BATCH)
			: kshm_reader_read(k, kd, batch, BATCH);
		for (size_t j = 0; j < n; j++)
			check(&counts[i], &batch[j]);
		sum += n;
	}
	return (sum);
}

static bool
ended(struct kshm *k)
{
	uint32_t state =
	    __atomic_load_n(&kshm_header(k)->kh_state, __ATOMIC_ACQUIRE);

	return (
	    state == KSHM_STOPPED || state == KSHM_PANICKED || kshm_gone(k));
}

int
main(int argc, char **argv)
{
	struct kshm *k;
	int bad = 0;

	if (argc != 2 || kshm_attach(argv[1], &k) != 0) {
		fprintf(stderr, "ring_reader: %s\n", kshm_error());
		return (2);
	}
	for (uint64_t i = 0;; i++) {
		if (i % 1024 == 0) {
			find_rings(k);
			if (ended(k))
				break;
		}
		(void)poll_all(k, false);
	}
	/* A kernel that ends may still write a few: wait until it is gone. */
	while (kshm_gone(k) == false && argv[1][0] >= '0' && argv[1][0] <= '9')
		;
	find_rings(k);
	while (poll_all(k, true) > 0)
		;
	for (size_t i = 0; i < nrings; i++) {
		const struct kshm_reader *kd = &counts[i].reader;
		const struct kshm_ring *r =
		    kshm_at(k, kd->kd_object->ko_offset, sizeof(*r));

		printf(
		    "ring %s head %lu seen %lu lost %lu torn %lu bench %lu\n",
		    kd->kd_object->ko_path, r->kr_head, kd->kd_seen,
		    kd->kd_lost, counts[i].torn, counts[i].bench);
		bad |= counts[i].torn != 0 ||
		    kd->kd_seen + kd->kd_lost != r->kr_head;
	}
	kshm_detach(k);
	return (bad);
}
