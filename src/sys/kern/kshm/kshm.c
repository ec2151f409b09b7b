/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared segment: memory, directory, texts.
 *
 * 1. Concept.  Everything that a tool may look at lies in one segment, which
 *    the tool maps read-only: from outside of the machine, by /dev/kshm from
 *    inside, or from a file that was saved.  The segment describes itself: a
 *    directory names the objects, and BTF, made by the build from the kernel's
 *    debugging information, tells what their types look like.
 *
 * 2. Memory.  The linker gathers the header, what is marked __kshm, and the
 *    types in one piece (kshm_static_start).  It is there at the first
 *    instruction, so events can be recorded and objects counted in before any
 *    allocator runs.  More comes from the machine in pieces of at least
 *    PIECE_BYTES, and stays: a reader's mapping must never show what became
 *    somebody else's.  So objects are never freed; what comes and goes is kept
 *    in tables of slots.
 *
 * 3. The directory and the texts only grow; a count is published when what it
 *    counts is complete.  A reader needs no lock and cannot hold one.
 *
 * 4. A full directory or segment loses objects, not the kernel: they are
 *    counted in kh_refused.
 *
 * Locking: kshm_spin, a leaf, covers the allocator, directory and texts.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/boot.h>
#include <sys/cpu.h>
#include <sys/ddb.h>
#include <sys/kshm.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/timehands.h>
#include <sys/version.h>
#include "kshm_var.h"

#define OBJECTS_MAX 384
#define TEXT_BYTES  24576
#define TEXT_SLOTS  1024
#define PIECE_BYTES 65536
#define ALIGN	    64

SET_DECLARE(kshm_entries, struct kshm_entry);
SPINLOCK_DEFINE(kshm_spin, "kshm");
FAULT_POINT(fault_kshm, "kshm");

struct kshm_header kshm_head __attribute__((section("kshm_first")))
__aligned(KSHM_PAGE) = {
    .kh_magic = KSHM_MAGIC,
    .kh_abi = KSHM_ABI_VERSION,
    .kh_header_bytes = sizeof(struct kshm_header),
    .kh_object_bytes = sizeof(struct kshm_object),
    .kh_event_bytes = sizeof(struct kshm_event),
    .kh_ncpus = 1,
    .kh_version = KERN_VERSION,
};
static struct kshm_object directory[OBJECTS_MAX] __kshm; /* (kshm_spin) */
static char texts[TEXT_BYTES] __kshm;			 /* (kshm_spin) */

struct kshm_piece kshm_pieces[KSHM_EXTENTS]; /* (kshm_spin) append-only */
int kshm_npieces;
static size_t piece_used; /* (kshm_spin) of the last one */

struct kshm_header *
kshm_header(void)
{
	return (&kshm_head);
}

const struct kshm_object *
kshm_directory(void)
{
	return (directory);
}

/* --- memory ------------------------------------------------------------------ */

bool
kshm_offset(const void *addr, uint64_t *offp)
{
	uintptr_t a = (uintptr_t)addr;

	for (int i = 0; i < atomic_load_acq(&kshm_npieces); i++) {
		const struct kshm_piece *kp = &kshm_pieces[i];

		if (a >= (uintptr_t)kp->kp_kva &&
		    a < (uintptr_t)kp->kp_kva + kp->kp_bytes) {
			*offp = kp->kp_offset + (a - (uintptr_t)kp->kp_kva);
			return (true);
		}
	}
	return (false);
}

/* (kshm_spin, but at boot) */
static void
piece_add(void *kva, paddr_t pa, size_t bytes)
{
	struct kshm_piece *kp = &kshm_pieces[kshm_npieces];

	kp->kp_kva = kva;
	kp->kp_pa = pa;
	kp->kp_bytes = bytes;
	kp->kp_offset = kshm_head.kh_bytes;
	kshm_head.kh_extents[kshm_npieces] =
	    (struct kshm_extent){kp->kp_offset, bytes, pa};
	atomic_store_rel(&kshm_npieces, kshm_npieces + 1);
	atomic_store_rel(&kshm_head.kh_nextents, (uint32_t)kshm_npieces);
	atomic_store_rel(&kshm_head.kh_bytes, kshm_head.kh_bytes + bytes);
}

/* Room for bytes in the last piece; NULL if it has none.  (kshm_spin) */
static void *
piece_take(size_t bytes)
{
	struct kshm_piece *kp = &kshm_pieces[kshm_npieces - 1];
	void *p;

	if (kshm_npieces < 2 || kp->kp_bytes - piece_used < bytes)
		return (NULL);
	p = (uint8_t *)kp->kp_kva + piece_used;
	piece_used += bytes;
	return (p);
}

void *
kshm_alloc(size_t bytes)
{
	size_t piece;
	paddr_t pa;
	void *kva, *p;

	bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (fault_fires(&fault_kshm))
		return (NULL);
	spin_lock(&kshm_spin);
	p = piece_take(bytes);
	spin_unlock(&kshm_spin);
	if (p != NULL || kshm_npieces == 0)
		return (p);
	piece = round_page(MAX(bytes, (size_t)PIECE_BYTES));
	/* Two that come here at once make two pieces: nothing is lost but room. */
	spin_lock(&kshm_spin);
	if (kshm_npieces < KSHM_EXTENTS &&
	    machine_kshm_extend(piece, &kva, &pa)) {
		piece_add(kva, pa, piece);
		piece_used = 0;
		p = piece_take(bytes);
	}
	spin_unlock(&kshm_spin);
	return (p);
}

/* --- texts -------------------------------------------------------------------- */

/* (kshm_spin) By hash, open addressing; 0 is free. */
static uint16_t text_index[TEXT_SLOTS];

/* The text's slot, or the free one where it belongs; NULL: no slot is free. */
static uint16_t *
text_slot(const char *s, size_t n)
{
	uint32_t at = (uint32_t)hash64(s, n, 0);
	uint16_t *slot;

	for (uint32_t i = 0; i < TEXT_SLOTS; i++) {
		slot = &text_index[(at + i) % TEXT_SLOTS];
		if (*slot == 0 ||
		    (strncmp(texts + *slot, s, n) == 0 &&
			texts[*slot + n] == '\0'))
			return (slot);
	}
	return (NULL);
}

uint32_t
kshm_string(const char *s)
{
	uint64_t used;
	size_t n;
	uint16_t *slot;
	uint32_t at = 0;

	if (s == NULL || (n = strnlen(s, 255)) == 0)
		return (0);
	spin_lock(&kshm_spin);
	used = MAX(kshm_head.kh_strings_bytes, 1UL);
	slot = text_slot(s, n);
	if (slot != NULL && *slot == 0 && used + n + 1 <= TEXT_BYTES) {
		memcpy(texts + used, s, n);
		texts[used + n] = '\0';
		*slot = (uint16_t)used;
		atomic_store_rel(&kshm_head.kh_strings_bytes, used + n + 1);
	}
	if (slot != NULL)
		at = *slot;
	spin_unlock(&kshm_spin);
	return (at);
}

const char *
kshm_text(uint32_t offset)
{
	return (offset < TEXT_BYTES ? texts + offset : "");
}

/* --- directory ------------------------------------------------------------------ */

static int
object_fill(struct kshm_object *ko, const struct kshm_entry *ks, int number)
{
	if (strnlen(ks->ks_type, sizeof(ko->ko_type)) == sizeof(ko->ko_type) ||
	    !kshm_offset(ks->ks_addr, &ko->ko_offset))
		return (EINVAL);
	if (number >= 0 && strchr(ks->ks_path, '%') != NULL) {
		size_t n = (size_t)(strchr(ks->ks_path, '%') - ks->ks_path);

		if (n >= sizeof(ko->ko_path))
			return (EINVAL);
		memcpy(ko->ko_path, ks->ks_path, n);
		ksnprintf(ko->ko_path + n, sizeof(ko->ko_path) - n, "%d%s",
		    number, ks->ks_path + n + 2);
	} else if (strlcpy(ko->ko_path, ks->ks_path, sizeof(ko->ko_path)) >=
	    sizeof(ko->ko_path))
		return (EINVAL);
	strlcpy(ko->ko_type, ks->ks_type, sizeof(ko->ko_type));
	ko->ko_size = ks->ks_size;
	ko->ko_count = ks->ks_count;
	ko->ko_class = (uint16_t)ks->ks_class;
	ko->ko_access = (uint16_t)ks->ks_access;
	ko->ko_seq = ks->ks_seq;
	return (0);
}

int
kshm_show(const struct kshm_entry *ks, int number)
{
	uint32_t n;
	int error = ENOSPC;

	spin_lock(&kshm_spin);
	n = kshm_head.kh_nobjects;
	if (n < OBJECTS_MAX)
		error = object_fill(&directory[n], ks, number);
	if (error == 0)
		atomic_store_rel(&kshm_head.kh_nobjects, n + 1);
	else
		kshm_head.kh_refused++;
	spin_unlock(&kshm_spin);
	return (error);
}

void *
kshm_make(const struct kshm_entry *ks, int number)
{
	struct kshm_entry made = *ks;

	made.ks_addr = kshm_alloc(ks->ks_size * ks->ks_count);
	if (made.ks_addr != NULL && kshm_show(&made, number) != 0)
		return (NULL);
	return (made.ks_addr);
}

/* --- life ------------------------------------------------------------------------- */

void
kshm_clock_set(const struct timehands *th)
{
	struct kshm_clock *kc = &kshm_head.kh_clock;

	atomic_store(&kc->kc_seq, kc->kc_seq + 1);
	atomic_fence();
	kc->kc_cycles = th->th_cycles;
	kc->kc_mult = th->th_mode == TH_CYCLES ? th->th_mult : 0;
	kc->kc_mono = th->th_mono;
	kc->kc_real = th->th_real;
	atomic_store_rel(&kc->kc_seq, kc->kc_seq + 1);
}

void
kshm_panicked(const char *text)
{
	strlcpy(kshm_head.kh_panic, text, sizeof(kshm_head.kh_panic));
	atomic_store_rel(&kshm_head.kh_state, (uint32_t)KSHM_PANICKED);
}

/* Before anything else: no allocator runs, there is one CPU. */
static void
kshm_start(void)
{
	const struct kshm_entry *ks;
	const char *name = boot_option("kshm.name");
	size_t bytes =
	    (uintptr_t)kshm_static_end - (uintptr_t)kshm_static_start;

	if (name != NULL)
		strlcpy(kshm_head.kh_name, name, sizeof(kshm_head.kh_name));
	kshm_head.kh_machine = machine_kshm_kind();
	piece_add(kshm_static_start, machine_kshm_static_pa(), bytes);
	(void)kshm_offset(directory, &kshm_head.kh_directory);
	(void)kshm_offset(texts, &kshm_head.kh_strings);
	kshm_head.kh_types_bytes =
	    (uintptr_t)kshm_types_end - (uintptr_t)kshm_types_start;
	if (kshm_head.kh_types_bytes > 0)
		(void)kshm_offset(kshm_types_start, &kshm_head.kh_types);
	SET_FOREACH(ks, kshm_entries)
		(void)kshm_show(ks, -1);
}
SYSINIT(kshm, SI_CPU - 4, kshm_start);

static void
kshm_running(void)
{
	uint8_t id[sizeof(kshm_head.kh_boot_id)];

	random_bytes(id, sizeof(id));
	memcpy(kshm_head.kh_boot_id, id, sizeof(id));
	kshm_head.kh_ncpus = (uint32_t)ncpus;
	atomic_store_rel(&kshm_head.kh_state, (uint32_t)KSHM_RUNNING);
}
SYSINIT(kshm_running, SI_INIT - 2, kshm_running);

static void
kshm_stopped(void)
{
	atomic_store_rel(&kshm_head.kh_state, (uint32_t)KSHM_STOPPED);
}
SHUTDOWN_HOOK(kshm, kshm_stopped);

static int
sysctl_bytes(const struct sysctl_entry *e __unused, struct sysctl_req *req)
{
	return (
	    sysctl_out(req, &kshm_head.kh_bytes, sizeof(kshm_head.kh_bytes)));
}
SYSCTL_PROC(kshm_bytes, "kern.kshm.bytes", CTL_U64, CTLF_RD, sysctl_bytes,
    "bytes of the shared segment");

static void
ddb_kshm(const char *arg __unused)
{
	kprintf("%lu bytes in %d pieces, %u objects, %u refused\n",
	    kshm_head.kh_bytes, kshm_npieces, kshm_head.kh_nobjects,
	    kshm_head.kh_refused);
	for (uint32_t i = 0; i < kshm_head.kh_nobjects; i++)
		kprintf("%#9lx %7lu x %-4u %s (%s)\n", directory[i].ko_offset,
		    directory[i].ko_size, directory[i].ko_count,
		    directory[i].ko_path, directory[i].ko_type);
}
DDB_COMMAND(kshm, "show kshm", ddb_kshm, "the shared segment's directory");
