/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rewriting of hot system-call sites.
 *
 * 1. Why.  A guest's syscall instruction costs a host signal and a sigreturn.
 *    Where one place of a program has made hw.syscall_rewrite calls, the code
 *    there is changed to jump to the stub's short way (host/stub/stub_fast.S),
 *    which leaves the registers in the mailbox and gives the turn directly.
 * 2. What is changed.  The two bytes of the syscall instruction itself (0f 05)
 *    always stay: a thread that is just before it, jumps right to it, or is put
 *    back to it to restart a call, makes the call the long way.
 *	a. `mov $n,%eax' or `mov 8(%rsp),%r9' (5 bytes) before it become the
 *	   first five bytes of `jmp *address', whose last two are the 0f 05: the
 *	   address is 0x050fXXXX, and XXXX is chosen.  A table of pointers
 *	   (slots) stands there, one for each site.
 *	b. `xor %eax,%eax' (2 bytes: read) becomes a short jump to padding
 *	   behind a near ret, and that becomes the `jmp *address'.
 *    The change of a site lies in one aligned 16-byte block and is one atomic
 *    store: other threads run the old code or the new.
 * 3. The slot points to the site's thunk: the instruction that was replaced,
 *    the address behind the site into r11 (the call may destroy it), and a jump
 *    to the short way.  Slots and thunks lie at AREA, read and execute only, in
 *    the program's own memory.
 * 4. Whose memory.  Only private mappings of files that are executable and not
 *    writable are touched, and of them only the process's own copy of the page:
 *    the page cache keeps the original.  The copies are the process's pages
 *    like any page it wrote to, and fork shares them.
 * 5. Before the program changes, moves or unmaps such text, and before somebody
 *    writes there for a debugger, the original bytes come back
 *    (pmap_text_restore); who reads the text from outside is shown them
 *    (pmap_text_view).  A program that reads its own text, or gives it to a
 *    system call, sees the change.  Unmapping AREA ends rewriting for the
 *    process, with all sites as they were.
 * 6. The mailbox is found by the GS base while the guest's own is 0 (programs
 *    hardly use it; RDGSBASE shows it).  If it is not, the short way goes to
 *    the site's syscall instruction instead.
 * 7. Signals.  A guest thread that is stopped inside a thunk or in the short
 *    way is shown where the program is: at the site, at its syscall
 *    instruction, or behind it (rewrite_where).  A single step into a thunk
 *    puts the original back and goes on there.
 * 8. A call that needs more of the guest than the registers of a call, or
 *    changes more (a signal handler, fork, exec), first makes the thread stop
 *    by a signal (guest_full_stop).  A site that forks is put back.
 * 9. Trust: all of this is in the guest's reach, and nothing here is believed
 *    but that the guest's registers are what the guest says.
 *
 * Locks: vm_lock of the space, exclusive, to change sites; the counters are
 * approximate and have none.
 * Failure: whatever fails (memory, an address in use, code that looks
 * different), the site stays as it is and is not looked at again.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/ktr.h>
#include <sys/sysctl.h>
#include <machine/vmparam.h>
#include "vk_rewrite.h"
#include "vk_var.h"

#define AREA	   0x050f0000UL
#define SLOTS	   512
#define SITES_MAX  (SLOTS - 1) /* the last slot has the way into the stub */
#define THUNK_SIZE 32
#define THUNKS	   (AREA + SLOTS * 8)
#define AREA_BYTES (SLOTS * 8 + SLOTS * THUNK_SIZE)
#define COUNTERS   64
#define NEVER	   UINT16_MAX
#define FORKS_MAX  4
#define CODE_MAX   7 /* bytes changed at one place */
#define NEAR	   127

CTASSERT((AREA & 0xffff) == 0 && AREA >> 16 == 0x050f);

/* One change of memory: within a page. */
struct change {
	uaddr_t ch_at; /* 0: none */
	uint8_t ch_len;
	uint8_t ch_old[CODE_MAX], ch_new[CODE_MAX];
};

struct site {
	uaddr_t rs_call;	  /* the syscall instruction; 0: given up */
	struct change rs_jump;	  /* atomic: in one 16-byte block */
	struct change rs_padding; /* before it, for a short jump */
	uint8_t rs_moved;	  /* bytes of the instruction in the thunk */
	uint8_t rs_forks;
};

struct rewrite {
	struct site *rw_sites;	     /* (vm_lock) */
	uint32_t rw_nsites, rw_room; /* (vm_lock; atomic) */
	bool rw_off;		     /* (vm_lock) no more */
	struct {
		uaddr_t ct_call;
		uint16_t ct_n;
	} rw_counters[COUNTERS]; /* approximate */
};

static int rewrite_after = 64;
SYSCTL_INT(rewrite_after, "hw.syscall_rewrite", CTLF_RW, &rewrite_after,
    "Calls after which a system-call site is rewritten (0: never)");
static uint64_t rewritten, restored;
SYSCTL_U64(rewritten, "hw.syscall_rewritten", CTLF_RD, &rewritten,
    "System-call sites rewritten since boot");
SYSCTL_U64(restored, "hw.syscall_restored", CTLF_RD, &restored,
    "System-call sites put back since boot");

MALLOC_DEFINE(M_REWRITE, "rewrite", "rewritten system-call sites");
FAULT_POINT(fault_rewrite, "rewrite");

/* --- changing memory ----------------------------------------------------------- */

/* Replace 16 aligned bytes at once, if they are still what they were. */
static bool
store16(void *at, const void *old, const void *new)
{
	uint64_t o[2], n[2];
	bool done;

	memcpy(o, old, 16);
	memcpy(n, new, 16);
	__asm__ volatile(
	    "lock cmpxchg16b %1"
	    : "=@ccz"(done), "+m"(*(char(*)[16])at), "+a"(o[0]), "+d"(o[1])
	    : "b"(n[0]), "c"(n[1])
	    : "memory");
	return (done);
}

/* Put `to' over `from' at the page's byte p; false if `from' is not there. */
static bool
change_bytes(uint8_t *p, const uint8_t *from, const uint8_t *to, size_t len)
{
	uint8_t *block = (uint8_t *)rounddown2((uintptr_t)p, 16);
	size_t off = (size_t)(p - block);
	uint8_t old[16], new[16];

	if (off + len > 16) { /* nobody runs it: padding */
		if (memcmp(p, from, len) != 0)
			return (false);
		memcpy(p, to, len);
		return (true);
	}
	do {
		memcpy(old, block, 16);
		if (memcmp(old + off, from, len) != 0)
			return (false);
		memcpy(new, old, 16);
		memcpy(new + off, to, len);
	} while (!store16(block, old, new));
	return (true);
}

/* (vm_lock excl) The kernel's view of a page that is the program's own. */
static uint8_t *
own_byte(struct vmspace *vm, uaddr_t at)
{
	struct vm_page *pg;

	if (vm_fault_private(vm, at, &pg) != 0)
		return (NULL);
	return ((uint8_t *)vm_page_kva(pg) + (at & PAGE_MASK));
}

static bool
change_do(struct vmspace *vm, const struct change *ch)
{
	uint8_t *p = own_byte(vm, ch->ch_at);

	return (
	    p != NULL && change_bytes(p, ch->ch_old, ch->ch_new, ch->ch_len));
}

/*
 * (vm_lock excl) Put the old bytes back, if the page is still the program's
 * copy.  A page shared with a forked process is changed for both: the old code
 * is right for each.
 */
static void
change_undo(struct vmspace *vm, const struct change *ch)
{
	struct vm_page *pg;

	if (ch->ch_at == 0 || (pg = vm_overlay_page(vm, ch->ch_at)) == NULL)
		return;
	(void)change_bytes((uint8_t *)vm_page_kva(pg) + (ch->ch_at & PAGE_MASK),
	    ch->ch_new, ch->ch_old, ch->ch_len);
}

/*
 * The padding stays: nobody comes there any more, but a thread may have just
 * come, and must not run on into the next function.
 */
static void
site_restore(struct vmspace *vm, struct site *rs)
{
	if (rs->rs_call == 0)
		return;
	KTR_EVENT(MACHINE, restore_site, "call=%#lx", rs->rs_call);
	change_undo(vm, &rs->rs_jump);
	rs->rs_call = 0;
	atomic_add(&restored, 1);
}

/* --- finding out what a site looks like ------------------------------------------ */

static bool
one_block(uaddr_t at, size_t len)
{
	return (rounddown2(at, 16) == rounddown2(at + len - 1, 16));
}

/* `jmp *slot' */
static void
jump_to_slot(uint8_t *p, uint32_t slot)
{
	uint32_t addr = (uint32_t)(AREA + slot * 8);

	p[0] = 0xff;
	p[1] = 0x24;
	p[2] = 0x25;
	memcpy(p + 3, &addr, 4);
}

/* Form a: five bytes before the call. */
static bool
form_long(struct site *rs, const uint8_t *before, uint32_t slot)
{
	static const uint8_t load_r9[] = {0x4c, 0x8b, 0x4c, 0x24, 0x08};
	struct change *ch = &rs->rs_jump;
	uint8_t jump[CODE_MAX];

	if (before[0] != 0xb8 && memcmp(before, load_r9, 5) != 0)
		return (false);
	ch->ch_at = rs->rs_call - 5;
	ch->ch_len = 5;
	memcpy(ch->ch_old, before, 5);
	jump_to_slot(jump, slot);
	memcpy(ch->ch_new, jump, 5);
	rs->rs_moved = 5;
	return (one_block(ch->ch_at, 5));
}

/* The length of one long no-op at p, of those that assemblers pad with. */
static size_t
noop_len(const uint8_t *p, const uint8_t *end)
{
	static const uint8_t a[] = {0x0f, 0x1f, 0x80, 0, 0, 0, 0};
	static const uint8_t b[] = {0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0};
	const uint8_t *start = p;

	while (p < end && (*p == 0x66 || *p == 0x2e))
		p++;
	if (p + sizeof(a) <= end && memcmp(p, a, sizeof(a)) == 0)
		return ((size_t)(p - start) + sizeof(a));
	if (p + sizeof(b) <= end && memcmp(p, b, sizeof(b)) == 0)
		return ((size_t)(p - start) + sizeof(b));
	return (0);
}

/* Form b: xor %eax,%eax, and padding behind a ret, up to a 16-byte boundary. */
static bool
form_short(struct site *rs, const uint8_t *page, uint32_t slot)
{
	uaddr_t base = trunc_page(rs->rs_call);
	size_t at = (rs->rs_call & PAGE_MASK) - 2, len;
	size_t from = at > 100 ? at - 100 : 1;
	struct change *ch = &rs->rs_jump, *pad = &rs->rs_padding;

	if (page[at] != 0x31 || page[at + 1] != 0xc0)
		return (false);
	for (size_t i = from; i < MIN(at + NEAR, PAGE_SIZE - 16); i++) {
		if (page[i - 1] != 0xc3 ||
		    (len = noop_len(page + i, page + PAGE_SIZE)) == 0 ||
		    ((base + i + len) & 15) != 0)
			continue;
		pad->ch_at = base + i;
		pad->ch_len = CODE_MAX;
		memcpy(pad->ch_old, page + i, CODE_MAX);
		jump_to_slot(pad->ch_new, slot);
		ch->ch_at = base + at;
		ch->ch_len = 2;
		ch->ch_old[0] = 0x31;
		ch->ch_old[1] = 0xc0;
		ch->ch_new[0] = 0xeb;
		ch->ch_new[1] = (uint8_t)(i - (at + 2));
		rs->rs_moved = 2;
		return (one_block(ch->ch_at, 2));
	}
	return (false);
}

/* What to change for the call at `call'; false: nothing can be done. */
static bool
site_plan(struct site *rs, uaddr_t call, const uint8_t *page, uint32_t slot)
{
	size_t off = call & PAGE_MASK;

	memset(rs, 0, sizeof(*rs));
	rs->rs_call = call;
	if (off < 8 || off > PAGE_SIZE - 2 || page[off] != 0x0f ||
	    page[off + 1] != 0x05)
		return (false);
	return (
	    form_long(rs, page + off - 5, slot) || form_short(rs, page, slot));
}

/* --- the area ----------------------------------------------------------------------- */

/* (vm_lock excl) Write to the area, within a page. */
static bool
area_write(struct vmspace *vm, uaddr_t at, const void *buf, size_t len)
{
	uint8_t *p = own_byte(vm, at);

	if (p == NULL)
		return (false);
	memcpy(p, buf, len);
	return (true);
}

static bool
area_make(struct vmspace *vm)
{
	uaddr_t at = AREA;

	return (vm_map(vm, &at, AREA_BYTES, VM_PROT_READ | VM_PROT_EXECUTE,
		    VM_PROT_READ | VM_PROT_EXECUTE, VMM_FIXED | VMM_NOREPLACE,
		    NULL, 0) == 0);
}

/* The thunk of a site and its slot. */
static bool
thunk_make(struct vmspace *vm, const struct site *rs, uint32_t slot)
{
	uint64_t thunk = THUNKS + slot * THUNK_SIZE, back = rs->rs_call + 2;
	uint64_t entry = STUB_TEXT + STUB_FAST_OFF;
	uint8_t code[THUNK_SIZE], *p = code;

	memset(code, 0xcc, sizeof(code));
	memcpy(p, rs->rs_jump.ch_old, rs->rs_moved);
	p += rs->rs_moved;
	*p++ = 0x49; /* mov $back,%r11 */
	*p++ = 0xbb;
	memcpy(p, &back, 8);
	jump_to_slot(p + 8, SITES_MAX);
	return (area_write(vm, thunk, code, sizeof(code)) &&
	    area_write(vm, AREA + SITES_MAX * 8, &entry, 8) &&
	    area_write(vm, AREA + slot * 8, &thunk, 8));
}

/* --- making a site ---------------------------------------------------------------------- */

/* May the text at `at' be changed?  (vm_lock) */
static bool
text_fit(struct vmspace *vm, uaddr_t at)
{
	struct vm_entry *e = vm_entry_lookup(vm, at);

	return (e != NULL && (e->ve_flags & VMM_SHARED) == 0 &&
	    (e->ve_prot & (VM_PROT_WRITE | VM_PROT_EXECUTE)) ==
		VM_PROT_EXECUTE &&
	    e->ve_object != NULL && e->ve_object->vo_type == VMO_VNODE &&
	    e->ve_wired == 0);
}

static struct site *
site_room(struct rewrite *rw)
{
	uint32_t room = rw->rw_room;
	struct site *n;

	if (rw->rw_nsites == SITES_MAX)
		return (NULL);
	if (rw->rw_nsites == room) {
		room = room == 0 ? 8 : room * 2;
		n = krealloc(
		    rw->rw_sites, room * sizeof(*n), M_REWRITE, M_WAITOK);
		if (n == NULL)
			return (NULL);
		rw->rw_sites = n;
		rw->rw_room = room;
	}
	return (&rw->rw_sites[rw->rw_nsites]);
}

static struct site *
site_find(struct rewrite *rw, uaddr_t call)
{
	for (uint32_t i = 0; i < rw->rw_nsites; i++)
		if (rw->rw_sites[i].rs_call == call)
			return (&rw->rw_sites[i]);
	return (NULL);
}

/* (vm_lock excl) */
static bool
site_make(struct vmspace *vm, struct rewrite *rw, uaddr_t call)
{
	struct site *rs;
	uint8_t *page;

	if (rw->rw_off || !text_fit(vm, call) || site_find(rw, call) != NULL ||
	    (rs = site_room(rw)) == NULL ||
	    (page = own_byte(vm, trunc_page(call))) == NULL ||
	    !site_plan(rs, call, page, rw->rw_nsites) ||
	    !thunk_make(vm, rs, rw->rw_nsites) ||
	    (rs->rs_padding.ch_at != 0 && !change_do(vm, &rs->rs_padding)))
		return (false);
	/* Known before it is there: a thread may run it at once. */
	atomic_store_seq(&rw->rw_nsites, rw->rw_nsites + 1);
	if (change_do(vm, &rs->rs_jump)) {
		atomic_add(&rewritten, 1);
		return (true);
	}
	rs->rs_call = 0;
	return (false);
}

/* Could it be rewritten at all?  Looked at before a page is copied for it. */
static bool
site_promising(uaddr_t call)
{
	uint8_t page[32];
	struct site rs;

	if ((call & PAGE_MASK) < 8 || copyin(call - 5, page, 7) != 0)
		return (false);
	memset(&rs, 0, sizeof(rs));
	rs.rs_call = call;
	return (
	    (page[3] == 0x31 && page[4] == 0xc0) || form_long(&rs, page, 0));
}

static void
rewrite_site(struct vmspace *vm, struct rewrite *rw, uaddr_t call)
{
	bool done = false;

	if (rw->rw_off || fault_fires(&fault_rewrite) || !site_promising(call))
		return;
	if (atomic_load(&rw->rw_nsites) == 0 && !area_make(vm)) {
		lock_excl(&vm->vm_lock);
		/* Another thread may have made it meanwhile. */
		rw->rw_off = rw->rw_nsites == 0;
		lock_release(&vm->vm_lock);
		return;
	}
	lock_excl(&vm->vm_lock);
	done = site_make(vm, rw, call);
	lock_release(&vm->vm_lock);
	KTR_EVENT(
	    MACHINE, rewrite_site, "call=%#lx done=%d", call, (uint64_t)done);
}

static struct rewrite *
rewrite_get(struct pmap *pm)
{
	struct rewrite *rw = atomic_load_acq(&pm->pm_rewrite);

	if (rw != NULL)
		return (rw);
	rw = kmalloc(sizeof(*rw), M_REWRITE, M_WAITOK | M_ZERO);
	if (rw != NULL &&
	    !atomic_cmpset(&pm->pm_rewrite, (struct rewrite *)NULL, rw)) {
		kfree(rw, M_REWRITE);
		rw = pm->pm_rewrite;
	}
	return (rw);
}

void
rewrite_count(struct lwp *lp)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;
	uaddr_t call = lp->lw_frame.tf_rip - 2;
	struct rewrite *rw;
	unsigned i = (unsigned)((call >> 1) ^ (call >> 7)) % COUNTERS;

	if (rewrite_after <= 0 || lp->lw_frame.tf_gsbase != 0 ||
	    lp->lw_frame.tf_cs != CS_USER ||
	    (rw = rewrite_get(&vm->vm_pmap)) == NULL)
		return;
	if (rw->rw_counters[i].ct_call != call) {
		rw->rw_counters[i].ct_call = call;
		rw->rw_counters[i].ct_n = 0;
	}
	if (rw->rw_counters[i].ct_n == NEVER ||
	    ++rw->rw_counters[i].ct_n < rewrite_after)
		return;
	rw->rw_counters[i].ct_n = NEVER;
	rewrite_site(vm, rw, call);
}

bool
rewrite_used(struct pmap *pm)
{
	struct rewrite *rw = pm->pm_rewrite;

	return (rw != NULL && atomic_load(&rw->rw_nsites) != 0);
}

void
rewrite_forked(struct lwp *lp, uaddr_t back)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;
	struct rewrite *rw = vm->vm_pmap.pm_rewrite;
	struct site *rs;

	if (rw == NULL)
		return;
	lock_excl(&vm->vm_lock);
	rs = site_find(rw, back - 2);
	if (rs != NULL && ++rs->rs_forks >= FORKS_MAX)
		site_restore(vm, rs);
	lock_release(&vm->vm_lock);
}

/* --- stopped in between ---------------------------------------------------------------------- */

/* In a thunk: the site's number; or -1. */
static int
thunk_of(uaddr_t ip)
{
	if (ip < THUNKS || ip >= THUNKS + SITES_MAX * THUNK_SIZE)
		return (-1);
	return ((int)((ip - THUNKS) / THUNK_SIZE));
}

static bool
where_thunk(struct lwp *lp, unsigned i, bool step)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;
	struct rewrite *rw = vm->vm_pmap.pm_rewrite;
	struct trapframe *tf = &lp->lw_frame;
	bool undone = false;
	struct site *rs;

	if (rw == NULL)
		return (false);
	lock_excl(&vm->vm_lock);
	if (i < rw->rw_nsites) {
		rs = &rw->rw_sites[i];
		if (tf->tf_rip != THUNKS + i * THUNK_SIZE)
			/* The moved instruction is done. */
			tf->tf_rip = rs->rs_jump.ch_at + rs->rs_moved;
		else if (step && rs->rs_call != 0) {
			tf->tf_rip = rs->rs_jump.ch_at;
			site_restore(vm, rs);
			undone = true;
		} else
			tf->tf_rip = rs->rs_jump.ch_at;
	}
	undone |= rw->rw_off; /* the thunk is gone: the program's code is not */
	lock_release(&vm->vm_lock);
	return (undone);
}

bool
rewrite_where(struct lwp *lp, bool step)
{
	struct trapframe *tf = &lp->lw_frame;
	uint64_t off = tf->tf_rip - (STUB_TEXT + STUB_FAST_OFF);
	int i;

	if (off < FAST_GIVEN) {
		if (off >= FAST_STACK && off < FAST_GIVE)
			tf->tf_rsp = lp->lw_md.lm_mailbox->mb_fast[15];
		tf->tf_rip = tf->tf_r11 - 2;
		return (false);
	}
	if ((i = thunk_of(tf->tf_rip)) < 0)
		return (false);
	return (where_thunk(lp, (unsigned)i, step));
}

/* --- the rest of the kernel ------------------------------------------------------------------------ */

static bool
overlaps(const struct change *ch, uaddr_t start, uaddr_t end)
{
	return (ch->ch_at != 0 && ch->ch_at < end &&
	    ch->ch_at + ch->ch_len > start);
}

void
pmap_text_restore(struct vmspace *vm, uaddr_t start, uaddr_t end)
{
	struct rewrite *rw = vm->vm_pmap.pm_rewrite;
	bool all;

	if (rw == NULL || rw->rw_nsites == 0)
		return;
	LOCK_ASSERT_EXCL(&vm->vm_lock);
	all = start < AREA + AREA_BYTES && end > AREA;
	for (uint32_t i = 0; i < rw->rw_nsites; i++) {
		struct site *rs = &rw->rw_sites[i];

		if (!all && !overlaps(&rs->rs_jump, start, end) &&
		    !overlaps(&rs->rs_padding, start, end))
			continue;
		site_restore(vm, rs);
	}
	rw->rw_off |= all;
}

static void
view_change(const struct change *ch, uaddr_t addr, uint8_t *buf, size_t len)
{
	for (unsigned i = 0; ch->ch_at != 0 && i < ch->ch_len; i++) {
		uint64_t off = ch->ch_at + i - addr;

		if (off < len && buf[off] == ch->ch_new[i])
			buf[off] = ch->ch_old[i];
	}
}

void
pmap_text_view(struct vmspace *vm, uaddr_t addr, void *buf, size_t len)
{
	struct rewrite *rw = vm->vm_pmap.pm_rewrite;

	if (rw == NULL || atomic_load(&rw->rw_nsites) == 0)
		return;
	lock_shared(&vm->vm_lock);
	for (uint32_t i = 0; i < rw->rw_nsites; i++) {
		if (rw->rw_sites[i].rs_call != 0)
			view_change(&rw->rw_sites[i].rs_jump, addr, buf, len);
		view_change(&rw->rw_sites[i].rs_padding, addr, buf, len);
	}
	lock_release(&vm->vm_lock);
}

int
pmap_text_fork(struct vmspace *to, struct vmspace *from)
{
	struct rewrite *rw = from->vm_pmap.pm_rewrite, *n;

	if (rw == NULL || rw->rw_nsites == 0)
		return (0);
	if ((n = rewrite_get(&to->vm_pmap)) == NULL)
		return (ENOMEM);
	n->rw_sites =
	    kmalloc(rw->rw_nsites * sizeof(struct site), M_REWRITE, M_WAITOK);
	if (n->rw_sites == NULL)
		return (ENOMEM);
	memcpy(n->rw_sites, rw->rw_sites, rw->rw_nsites * sizeof(struct site));
	n->rw_room = rw->rw_nsites;
	n->rw_off = rw->rw_off;
	n->rw_nsites = rw->rw_nsites;
	return (0);
}

void
rewrite_destroy(struct pmap *pm)
{
	if (pm->pm_rewrite == NULL)
		return;
	kfree(pm->pm_rewrite->rw_sites, M_REWRITE);
	kfree(pm->pm_rewrite, M_REWRITE);
	pm->pm_rewrite = NULL;
}

static void
ddb_rewrite(const char *arg)
{
	struct proc *p = NULL;
	struct rewrite *rw;
	uint64_t pid;

	if (ddb_number(&arg, &pid))
		TAILQ_FOREACH(p, &allproc, p_all)
			if ((uint64_t)p->p_pid == pid)
				break;
	if (p == NULL || p->p_vmspace == NULL ||
	    (rw = p->p_vmspace->vm_pmap.pm_rewrite) == NULL) {
		kprintf("show rewrite PID\n");
		return;
	}
	for (uint32_t i = 0; i < rw->rw_nsites; i++)
		kprintf("%u: call %#lx jump %#lx padding %#lx forks %u\n", i,
		    rw->rw_sites[i].rs_call, rw->rw_sites[i].rs_jump.ch_at,
		    rw->rw_sites[i].rs_padding.ch_at, rw->rw_sites[i].rs_forks);
}
DDB_COMMAND(
    rewrite, "show rewrite", ddb_rewrite, "rewritten system-call sites");
