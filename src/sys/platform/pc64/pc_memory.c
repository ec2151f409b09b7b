/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical memory and the kernel's page tables.
 *
 * 1. The kernel half (slots 256..511 of the PML4) is the same in every address
 *    space: the three tables below it are made here, once, so a pmap copies
 *    their slots and never changes them.
 * 2. The direct map shows RAM at PHYS_BASE in 2 MiB pages where it can, global,
 *    writable, never executable.  The kernel image's own pages are not in it:
 *    each physical page has one kernel address, but for the shared segment's
 *    (kern/kshm): programs map these pages, so vm must find them here.
 * 3. The image: text read and execute, constants read only, data read and
 *    write; 4 KiB pages.  Nothing is writable and executable (W^X).
 * 4. The lowest page of each kernel stack is a guard: not mapped.  A 2 MiB page
 *    in the way is split.  Guards come and go with stacks, and a CPU that had
 *    the old translation is told (stack_guard).
 * 5. Device registers get addresses from DEVICE_BASE up, uncached, for ever.
 * 6. Until the page allocator runs, tables and the page array come from one
 *    range of RAM below 4 GiB, from its end downwards (early_take).
 *
 * Below 1 MiB nothing is given to the allocator: firmware keeps data there, and
 * AP_BASE is where CPUs start.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/intr.h>
#include <sys/kshm.h>
#include <sys/lock.h>
#include "pc_var.h"

#define BOOT_LIMIT 0x100000000UL /* what the boot tables show */
#define MIN_MEMORY (2UL << 20)	 /* without root and programs */

extern const uint8_t kernel_rodata_va[], kernel_data_va[];
extern uint8_t boot_stack_low[];

struct vm_page *vm_page_array;
uint64_t vm_page_array_len;
uint64_t *kernel_pml4;
paddr_t kernel_cr3;

SPINLOCK_DEFINE(kpt_spin, "kernelpt"); /* the kernel's tables, device area */
static uint64_t device_next = DEVICE_BASE; /* (kpt_spin) */
static bool allocator_runs;
static paddr_t phys_end;   /* of the RAM that we use */
static paddr_t device_end; /* of the addresses that the CPU has */

/* --- the early allocator ----------------------------------------------------- */

static paddr_t early_start, early_end;

static paddr_t
early_take(uint64_t bytes)
{
	bytes = round_page(bytes);
	if (early_end - early_start < bytes)
		pc_fail("too little memory: no room for %lu KiB of tables",
		    bytes >> 10);
	early_end -= bytes;
	memset((void *)(PHYS_BASE + early_end), 0, bytes);
	return (early_end);
}

static paddr_t
image_pa(const void *sym)
{
	return ((uintptr_t)sym - KERNBASE);
}

/* Occupied at boot: is pa in it?  Then *endp is its end. */
static bool
occupied(const struct bootinfo *bi, paddr_t pa, paddr_t *endp, paddr_t *nextp)
{
	paddr_t start = 0, end = LOW_LIMIT;

	*nextp = UINT64_MAX;
	for (int i = -2; i < bi->bi_nmodules; i++) {
		if (i == -1) {
			start = image_pa(kernel_start_va);
			end = image_pa(kernel_end_va);
		} else if (i >= 0) {
			start = trunc_page(bi->bi_modules[i].bm_start);
			end = round_page(bi->bi_modules[i].bm_end);
		}
		if (pa >= start && pa < end) {
			*endp = end;
			return (true);
		}
		if (start > pa)
			*nextp = MIN(*nextp, start);
	}
	return (false);
}

/*
 * The next free piece of RAM at or after *pap: [*pap, *endp), or false.  What
 * lies behind the limit of --memory is not ours.
 */
static bool
next_free(const struct bootinfo *bi, paddr_t *pap, paddr_t *endp)
{
	paddr_t pa, end, next;

	for (int i = 0; i < bi->bi_nranges; i++) {
		const struct boot_range *br = &bi->bi_ranges[i];

		if (br->br_kind != BRK_RAM)
			continue;
		end = MIN(br->br_end, phys_end);
		for (pa = MAX(*pap, br->br_start); pa < end;) {
			if (occupied(bi, pa, &pa, &next))
				continue;
			*pap = pa;
			*endp = MIN(end, next);
			return (true);
		}
	}
	return (false);
}

/* --- kernel page tables ---------------------------------------------------------- */

static paddr_t
table_take(void)
{
	struct vm_page *pg;

	if (!allocator_runs)
		return (early_take(PAGE_SIZE));
	pg = vm_page_alloc(-1, 0, VMA_NOWAIT | VMA_ZERO | VMA_SYSTEM);
	return (pg != NULL ? vm_page_pa(pg) : 0);
}

/*
 * (kpt_spin, but at boot) The entry of va at level (0: 4 KiB, 1: 2 MiB), with
 * the tables above it; NULL: no memory.  A 2 MiB page above level 0 is split.
 */
static uint64_t *
kernel_pte(uint64_t va, int level)
{
	uint64_t *t = kernel_pml4, *e, old;
	paddr_t pa;

	for (int l = 3; l > level; l--) {
		e = &t[pt_index(va, l)];
		old = *e;
		if ((old & PTE_P) == 0 || (old & PTE_PS) != 0) {
			if ((pa = table_take()) == 0)
				return (NULL);
			if ((old & PTE_PS) != 0)
				for (unsigned i = 0; i < PTE_COUNT; i++)
					pt_kva(pa)[i] =
					    (old & ~PTE_PS) + ptoa(i);
			*e = pa | PTE_P | PTE_W | PTE_A;
		}
		t = pt_kva(*e);
	}
	return (&t[pt_index(va, level)]);
}

static void
map_image(const uint8_t *start, const uint8_t *end, uint64_t rights)
{
	for (uintptr_t va = (uintptr_t)start; va < (uintptr_t)end;
	     va += PAGE_SIZE)
		*kernel_pte(va, 0) =
		    (va - KERNBASE) | PTE_P | PTE_A | PTE_D | PTE_G | rights;
}

static void
map_direct(paddr_t start, paddr_t end)
{
	uint64_t rights = PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX;
	paddr_t image = trunc_page(image_pa(kernel_start_va));
	paddr_t image_end = image_pa(kernel_end_va);
	paddr_t kshm = image_pa(kshm_static_start);
	paddr_t kshm_end = image_pa(kshm_static_end);

	for (paddr_t pa = start; pa < end;) {
		if (pa >= image && pa < image_end &&
		    (pa < kshm || pa >= kshm_end)) {
			pa = pa < kshm ? kshm : image_end;
		} else if ((pa & (SIZE_2M - 1)) == 0 && pa + SIZE_2M <= end &&
		    (pa + SIZE_2M <= image || pa >= image_end)) {
			*kernel_pte(PHYS_BASE + pa, 1) = pa | rights | PTE_PS;
			pa += SIZE_2M;
		} else {
			*kernel_pte(PHYS_BASE + pa, 0) = pa | rights;
			pa += PAGE_SIZE;
		}
	}
}

/* The tables below these slots are there from now on. */
static void
make_slots(void)
{
	(void)kernel_pte(PHYS_BASE, 2);
	(void)kernel_pte(DEVICE_BASE, 2);
	(void)kernel_pte(KERNBASE, 2);
}

static void
make_tables(const struct bootinfo *bi)
{
	kernel_cr3 = early_take(PAGE_SIZE);
	kernel_pml4 = (uint64_t *)(PHYS_BASE + kernel_cr3);
	make_slots();
	map_image(kernel_start_va, kernel_rodata_va, 0);
	map_image(kernel_rodata_va, kernel_data_va, PTE_NX);
	map_image(kernel_data_va, kernel_end_va, PTE_W | PTE_NX);
	*kernel_pte((uintptr_t)boot_stack_low, 0) = 0; /* the guard */
	for (int i = 0; i < bi->bi_nranges; i++)
		if (bi->bi_ranges[i].br_kind == BRK_RAM)
			map_direct(bi->bi_ranges[i].br_start,
			    MIN(bi->bi_ranges[i].br_end, phys_end));
}

/* --- is it there? ------------------------------------------------------------------- */

/* Does RAM answer at pa?  What it holds stays, but for a moment. */
static bool
ram_answers(paddr_t pa)
{
	volatile uint64_t *p = (volatile uint64_t *)(PHYS_BASE + pa);
	uint64_t old = *p;
	bool ok;

	*p = ~old;
	__asm__ volatile("clflush %0" : "+m"(*p)); /* ask it, not the cache */
	ok = *p == ~old;
	*p = old;
	return (ok);
}

/* Between page have, which answers, and lack, which does not: where it changes. */
static paddr_t
ram_border(paddr_t have, paddr_t lack)
{
	while (MAX(have, lack) - MIN(have, lack) > PAGE_SIZE) {
		paddr_t mid = trunc_page(have / 2 + lack / 2);

		if (ram_answers(mid))
			have = mid;
		else
			lack = mid;
	}
	return (MAX(have, lack));
}

/*
 * The ends of each range of RAM below limit (and above what earlier calls saw)
 * must answer; what does not is left out.  Holes in the middle are not seen.
 */
void
memory_check(struct bootinfo *bi, paddr_t limit)
{
	static paddr_t seen = LOW_LIMIT;

	for (int i = 0; i < bi->bi_nranges; i++) {
		struct boot_range *br = &bi->bi_ranges[i];
		paddr_t start = MAX(br->br_start, seen);
		paddr_t end = MIN(br->br_end, limit);
		bool first, last;

		if (br->br_kind != BRK_RAM || start >= end)
			continue;
		first = ram_answers(start);
		last = ram_answers(end - PAGE_SIZE);
		if (first && last)
			continue;
		kprintf("pc64: not all of [%#lx, %#lx) is RAM, as the loader "
			"has it; left out\n",
		    br->br_start, br->br_end);
		if (first)
			br->br_end = ram_border(start, end - PAGE_SIZE);
		else if (last)
			br->br_start = ram_border(end - PAGE_SIZE, start);
		else
			br->br_kind = BRK_RESERVED;
	}
	seen = limit;
}

/* --- start --------------------------------------------------------------------------- */

static void
choose_early(const struct bootinfo *bi)
{
	paddr_t pa = 0, end, best = 0;

	for (; next_free(bi, &pa, &end); pa = end) {
		paddr_t e = MIN(end, BOOT_LIMIT);

		if (e > pa && e - pa > best) {
			best = e - pa;
			early_start = pa;
			early_end = e;
		}
	}
}

/* A page table entry with an address beyond the CPU's is a fault. */
static void
find_ends(void)
{
	uint32_t r[4], bits = 36;

	cpuid(0x80000000, 0, r);
	if (r[0] >= 0x80000008) {
		cpuid(0x80000008, 0, r);
		bits = MIN(r[0] & 0xff, 52U);
	}
	device_end = 1UL << bits;
	phys_end = MIN(PHYS_MAX, device_end);
}

void
memory_init(struct bootinfo *bi)
{
	paddr_t pa = 0, end, total = 0, top = image_pa(kernel_end_va);

	find_ends();
	for (; next_free(bi, &pa, &end); pa = end)
		total += end - pa;
	for (int i = 0; i < bi->bi_nranges; i++)
		if (bi->bi_ranges[i].br_kind == BRK_RAM)
			top = MAX(top, MIN(bi->bi_ranges[i].br_end, phys_end));
	if (total < MIN_MEMORY)
		pc_fail("too little memory: %lu KiB free, %lu KiB are needed",
		    total >> 10, MIN_MEMORY >> 10);
	choose_early(bi);
	vm_page_array_len = atop(top);
	vm_page_array = (struct vm_page *)(PHYS_BASE +
	    early_take(vm_page_array_len * sizeof(struct vm_page)));
	make_tables(bi);
	load_cr3(kernel_cr3);
	memory_check(bi, phys_end);
}

static int
domain_of(paddr_t pa, paddr_t *endp)
{
	for (int i = 0; i < pc_acpi.acpi_nmems; i++) {
		const struct acpi_mem *m = &pc_acpi.acpi_mems[i];

		if (pa >= m->am_start && pa < m->am_end) {
			*endp = MIN(*endp, m->am_end);
			return (
			    m->am_domain < MAXDOMAIN ? (int)m->am_domain : 0);
		}
		if (m->am_start > pa)
			*endp = MIN(*endp, m->am_start);
	}
	return (0);
}

void
memory_add(paddr_t start, paddr_t end)
{
	paddr_t e;

	for (; start < end; start = e) {
		int domain;

		e = end;
		domain = domain_of(start, &e);
		vm_memory_add(domain, start, e, false);
	}
}

void
memory_give(const struct bootinfo *bi)
{
	uint64_t left =
	    pc_options.po_memory != 0 ? pc_options.po_memory : UINT64_MAX;
	paddr_t pa = 0, end;

	for (; left > 0 && next_free(bi, &pa, &end); pa = end) {
		paddr_t stop = end;

		/* The early range has been used from its end. */
		if (pa == early_start)
			stop = early_end;
		stop = MIN(stop, pa + MIN(left, stop - pa));
		memory_add(pa, stop);
		left -= stop - pa;
	}
	allocator_runs = true;
}

/* --- device registers ------------------------------------------------------------------ */

static struct device_range {
	paddr_t dr_start, dr_end;
	uint64_t dr_va;
} device_ranges[64]; /* (kpt_spin) */
static int device_nranges;

/* (kpt_spin) */
static uint64_t
device_find(paddr_t start, paddr_t end)
{
	for (int i = 0; i < device_nranges; i++)
		if (start >= device_ranges[i].dr_start &&
		    end <= device_ranges[i].dr_end)
			return (device_ranges[i].dr_va +
			    (start - device_ranges[i].dr_start));
	return (0);
}

/* (kpt_spin) */
static uint64_t
device_make(paddr_t start, paddr_t end)
{
	uint64_t va = device_next, *pte;

	if (device_nranges == 64 || end - start > (1UL << 30))
		return (0);
	for (paddr_t pa = start; pa < end; pa += PAGE_SIZE) {
		if ((pte = kernel_pte(va + (pa - start), 0)) == NULL)
			return (0);
		*pte = pa | PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_PCD |
		    PTE_PWT | PTE_NX;
	}
	device_ranges[device_nranges++] = (struct device_range){start, end, va};
	device_next = va + (end - start) + PAGE_SIZE; /* and a hole */
	return (va);
}

/* A table that names RAM for a device's registers is wrong. */
static bool
touches_ram(paddr_t start, paddr_t end)
{
	const struct bootinfo *bi = &pc_bootinfo;

	for (int i = 0; i < bi->bi_nranges; i++)
		if (bi->bi_ranges[i].br_kind == BRK_RAM &&
		    start < bi->bi_ranges[i].br_end &&
		    end > bi->bi_ranges[i].br_start)
			return (true);
	return (false);
}

volatile void *
device_map(paddr_t pa, size_t len)
{
	paddr_t start = trunc_page(pa), end = round_page(pa + len);
	uint64_t va;

	if (len == 0 || end <= start || end > device_end ||
	    touches_ram(start, end))
		return (NULL);
	spin_lock(&kpt_spin);
	va = device_find(start, end);
	if (va == 0)
		va = device_make(start, end);
	spin_unlock(&kpt_spin);
	return (va != 0 ? (volatile void *)(va + (pa - start)) : NULL);
}

/* --- addresses ------------------------------------------------------------------------------ */

paddr_t
kva_to_pa(const void *kva)
{
	uintptr_t va = (uintptr_t)kva;

	if (va >= KERNBASE)
		return (va - KERNBASE);
	KASSERT(va >= PHYS_BASE && va < PHYS_BASE + PHYS_MAX,
	    ("kva_to_pa: %p", kva));
	return (va - PHYS_BASE);
}

/* Is the page of va mapped?  For the debugger; takes no lock. */
bool
kernel_readable(uintptr_t va)
{
	uint64_t *t = kernel_pml4, e;

	if (va < PHYS_BASE || t == NULL)
		return (false);
	for (int l = 3; l >= 0; l--) {
		e = t[pt_index(va, l)];
		if ((e & PTE_P) == 0)
			return (false);
		if (l == 0 || (e & PTE_PS) != 0)
			break;
		t = pt_kva(e);
	}
	/* Reading a device's register may do something. */
	return ((e & PTE_PCD) == 0);
}

bool
ddb_read(const void *addr, void *buf, size_t len)
{
	uintptr_t a = (uintptr_t)addr;

	if (a + len < a)
		return (false);
	for (uintptr_t p = trunc_page(a); p < a + len; p += PAGE_SIZE)
		if (!kernel_readable(p))
			return (false);
	memcpy(buf, addr, len);
	return (true);
}

/* --- guards ------------------------------------------------------------------------------------ */

static void
guard_flush(void *arg)
{
	invlpg((uint64_t)arg);
}

/*
 * The page at kva, the lowest of a stack, is mapped no more (or again).  It
 * belongs to the stack either way, so nobody waits for the other CPUs: until
 * they have heard of it they only might not notice an overflow.
 */
int
machine_stack_guard(void *kva, bool guard)
{
	uint64_t *pte;

	spin_lock(&kpt_spin);
	pte = kernel_pte((uintptr_t)kva, 0);
	if (pte != NULL)
		*pte = guard ? *pte & ~PTE_P : *pte | PTE_P;
	spin_unlock(&kpt_spin);
	if (pte == NULL)
		return (ENOMEM);
	invlpg((uintptr_t)kva);
	for (int i = 0; guard && i < ncpus; i++)
		if (cpus[i] != curcpu)
			ipi_send(cpus[i], guard_flush, kva);
	return (0);
}
