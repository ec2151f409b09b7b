/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers: random_bytes(), /dev/random and /dev/urandom.
 *
 * 1. Generator.  A key is 256 bits.  One ChaCha20 block under a key gives 64
 *    bytes: the first half replaces the key at once, the second half is the
 *    output (fast key erasure, D. J. Bernstein 2017).  So whoever reads the
 *    memory later cannot compute what was given out before.  A request first
 *    draws a key of its own that way and then streams from that outside the
 *    lock, so long requests do not hold others up.
 *
 * 2. Hierarchy.  rnd_root is keyed from the machine (machine_entropy), from
 *    drivers (random_mix) and from what is written to the devices.  Each CPU
 *    has its own key drawn from the root; it draws again when the root was
 *    reseeded (rnd_epoch).
 *
 * 3. Seeding.  The first use seeds; after that a callout every RND_RESEED_NS.
 *    Input is mixed as key = block(key ^ input): it can only add.  There is
 *    nothing to wait for afterwards, so both devices are the same.
 *
 * 4. Repeatable runs (-D seed): the machine's entropy is then the seed's, and
 *    so is all of this.
 *
 * Locks: rnd_spin (root), the per-CPU spin locks before it.
 */
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/cpu.h>
#include <sys/sysctl.h>
#include <sys/uio.h>

#include "chacha20.h"

#define RND_RESEED_NS (60 * NS_PER_SEC)
#define RND_CHUNK     512 /* bytes of a device read per draw */
#define RND_MAJOR     1
#define RND_RANDOM    8
#define RND_URANDOM   9

struct rnd_key {
	uint32_t rk_words[CHACHA_KEY_WORDS];
};

struct rnd_cpu {
	struct spinlock rc_spin;
	struct rnd_key rc_key; /* (rc_spin) */
	uint64_t rc_epoch;     /* (rc_spin) of the root when drawn; 0: none */
} __aligned(64);

SPINLOCK_DEFINE(rnd_spin, "random");
static struct rnd_key rnd_root;	    /* (rnd_spin) */
static volatile uint64_t rnd_epoch; /* (rnd_spin) times seeded */
static uint64_t rnd_reseeds;	    /* for sysctl: same value */
static struct lock_class rnd_cpu_class = {"randomcpu", 0};
static struct rnd_cpu rnd_cpus[MAXCPU] = {
    [0 ... MAXCPU - 1] = {.rc_spin = SPIN_INIT_CLASS(&rnd_cpu_class)}};
static struct callout rnd_callout;

SYSCTL_U64(rnd_reseeds, "kern.random.reseeds", CTLF_RD, &rnd_reseeds,
    "times the random generator took new entropy");

static const uint32_t rnd_nonce[3];

/* Replace *rk and give the other half of its block out. */
static void
rnd_draw(struct rnd_key *rk, struct rnd_key *out)
{
	uint32_t block[CHACHA_BLOCK_WORDS];

	chacha20_block(rk->rk_words, 0, rnd_nonce, block);
	memcpy(rk, block, sizeof(*rk));
	memcpy(out, block + CHACHA_KEY_WORDS, sizeof(*out));
	memset(block, 0, sizeof(block));
	__asm__ volatile("" : : "r"(block) : "memory"); /* keep the wipe */
}

/* Mix 32 bytes into the root. */
static void
rnd_mix(const struct rnd_key *input)
{
	struct rnd_key unused;

	spin_lock(&rnd_spin);
	for (int i = 0; i < CHACHA_KEY_WORDS; i++)
		rnd_root.rk_words[i] ^= input->rk_words[i];
	rnd_draw(&rnd_root, &unused);
	rnd_epoch = ++rnd_reseeds;
	spin_unlock(&rnd_spin);
}

void
random_mix(const void *buf, size_t len)
{
	const uint8_t *p = buf;

	while (len > 0) {
		struct rnd_key in = {{0}};
		size_t n = MIN(len, sizeof(in));

		memcpy(&in, p, n);
		rnd_mix(&in);
		p += n;
		len -= n;
	}
}

/* What the machine gives, and the clocks so that a poor machine still varies. */
static void
rnd_seed(void)
{
	struct rnd_key in = {{0}};

	(void)machine_entropy(&in, sizeof(in));
	in.rk_words[0] ^= (uint32_t)machine_cycles();
	rnd_mix(&in);
}

static void
rnd_tick(void *arg)
{
	rnd_seed();
	callout_reset(&rnd_callout, RND_RESEED_NS, rnd_tick, NULL);
}

/* (rc_spin) Draw the CPU's key from the root again. */
static void
rnd_cpu_rekey(struct rnd_cpu *rc)
{
	struct rnd_key fresh;

	spin_lock(&rnd_spin);
	rnd_draw(&rnd_root, &fresh);
	rc->rc_epoch = rnd_epoch;
	spin_unlock(&rnd_spin);
	for (int i = 0; i < CHACHA_KEY_WORDS; i++)
		rc->rc_key.rk_words[i] ^= fresh.rk_words[i];
}

/* A key for one request. */
static void
rnd_request_key(struct rnd_key *key)
{
	struct rnd_cpu *rc = &rnd_cpus[curcpu->c_id];

	if (rnd_epoch == 0)
		rnd_seed();
	spin_lock(&rc->rc_spin);
	if (rc->rc_epoch != rnd_epoch)
		rnd_cpu_rekey(rc);
	rnd_draw(&rc->rc_key, key);
	spin_unlock(&rc->rc_spin);
}

/* Any context after the CPU areas exist; does not sleep. */
void
random_bytes(void *buf, size_t len)
{
	uint32_t block[CHACHA_BLOCK_WORDS];
	struct rnd_key key;
	uint8_t *p = buf;

	rnd_request_key(&key);
	for (uint32_t n = 0; len > 0; n++) {
		size_t chunk = MIN(len, sizeof(block));

		/* 256 GiB of one request: take another key. */
		if (n == UINT32_MAX)
			rnd_request_key(&key);
		chacha20_block(key.rk_words, n, rnd_nonce, block);
		memcpy(p, block, chunk);
		p += chunk;
		len -= chunk;
	}
	memset(&key, 0, sizeof(key));
	memset(block, 0, sizeof(block));
	__asm__ volatile("" : : "r"(&key), "r"(block) : "memory");
}

static int
rnd_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	uint8_t buf[RND_CHUNK];
	int error = 0;

	while (uio->uio_resid > 0 && error == 0) {
		size_t n = MIN(uio->uio_resid, sizeof(buf));

		random_bytes(buf, n);
		error = uiomove(buf, n, uio);
	}
	memset(buf, 0, sizeof(buf));
	__asm__ volatile("" : : "r"(buf) : "memory");
	return (error);
}

static int
rnd_write(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct rnd_key in;
	int error = 0;

	while (uio->uio_resid > 0 && error == 0) {
		size_t n = MIN(uio->uio_resid, sizeof(in));

		memset(&in, 0, sizeof(in));
		error = uiomove(&in, n, uio);
		if (error == 0)
			rnd_mix(&in);
	}
	return (error);
}

static const struct cdev_ops rnd_ops = {
    .d_name = "random",
    .d_read = rnd_read,
    .d_write = rnd_write,
};

static void
rnd_init(void)
{
	KASSERT(chacha20_selftest(), ("random: ChaCha20 fails its test"));
	rnd_seed();
	callout_init(&rnd_callout);
	callout_reset(&rnd_callout, RND_RESEED_NS, rnd_tick, NULL);
	if (cdev_create(&rnd_ops, makedev(RND_MAJOR, RND_RANDOM), 0, 0, 0666,
		NULL, "random") == NULL ||
	    cdev_create(&rnd_ops, makedev(RND_MAJOR, RND_URANDOM), 0, 0, 0666,
		NULL, "urandom") == NULL)
		kprintf("random: cannot create the devices\n");
}
SYSINIT(random, SI_DRIVER, rnd_init);
