/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PC from the loader's jump to kernel_start.
 *
 * 1. Console, CPU registers, what the loader says, options, ACPI's tables (while
 *    the boot tables still show all memory below 4 GiB), memory and the final
 *    page tables, interrupt controllers, clock.  Then the kernel's own start.
 * 2. Whatever is damaged is said in one line each.  What can be left out is;
 *    without memory map, memory, clock, APIC or root the boot stops with
 *    status 2 (pc_fail).
 * 3. The root archive is a module.  Its memory is given to everybody once it
 *    was read to the end.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/console.h>
#include <sys/ddb.h>
#include <sys/kshm.h>
#include "pc_var.h"

#define BOOT_LIMIT 0x100000000UL

struct bootinfo pc_bootinfo;
struct acpi_info pc_acpi;
KSHM_DEFINE(struct cpu, pc_cpu0, "lwkt.cpu0", KSHM_COUNTER, KSHM_TRACE);
static struct thread boot_thread;

void
pc_fail(const char *fmt, ...)
{
	static char text[256];
	va_list ap;
	int n;

	n = ksnprintf(text, sizeof(text), "pc64: ");
	va_start(ap, fmt);
	kvsnprintf(text + n, sizeof(text) - (size_t)n - 2, fmt, ap);
	va_end(ap);
	strlcat(text, "\n", sizeof(text));
	console_write(text, strlen(text));
	machine_halt(RB_HALT, EXIT_USAGE);
}

/* --- what the loader and the firmware left ------------------------------------ */

static bool map_known;

/* Tables of the firmware lie in what the map calls memory of some kind. */
static bool
in_map(paddr_t pa, paddr_t end)
{
	for (int i = 0; i < pc_bootinfo.bi_nranges; i++)
		if (pa >= pc_bootinfo.bi_ranges[i].br_start &&
		    pa < pc_bootinfo.bi_ranges[i].br_end)
			return (end <= pc_bootinfo.bi_ranges[i].br_end);
	return (false);
}

static const void *
phys_read(paddr_t pa, size_t len)
{
	paddr_t end = pa + len;

	if (end < pa || end > BOOT_LIMIT)
		return (NULL);
	if (map_known && end > 0x100000 && !in_map(pa, end))
		return (NULL);
	return ((const void *)(PHYS_BASE + pa));
}

static void
say(const char (*lines)[96], int n)
{
	for (int i = 0; i < n; i++)
		kprintf("pc64: %s\n", lines[i]);
}

static bool
in_ram(const struct bootinfo *bi, const struct boot_module *bm)
{
	for (int i = 0; i < bi->bi_nranges; i++)
		if (bi->bi_ranges[i].br_kind == BRK_RAM &&
		    bm->bm_start >= bi->bi_ranges[i].br_start &&
		    bm->bm_end <= bi->bi_ranges[i].br_end)
			return (true);
	return (false);
}

/* A module where the kernel is cannot be whole, and is not in the direct map. */
static void
drop_modules(struct bootinfo *bi)
{
	int n = 0;

	for (int i = 0; i < bi->bi_nmodules; i++) {
		struct boot_module bm = bi->bi_modules[i];
		const char *why = NULL;

		if (bm.bm_start < (uintptr_t)kernel_end_va - KERNBASE &&
		    bm.bm_end > (uintptr_t)kernel_start_va - KERNBASE)
			why = "overlaps the kernel";
		else if (!in_ram(bi, &bm))
			why = "is not in RAM";
		if (why == NULL)
			bi->bi_modules[n++] = bm;
		else
			kprintf("pc64: module [%#lx, %#lx) %s, ignored\n",
			    bm.bm_start, bm.bm_end, why);
	}
	bi->bi_nmodules = n;
}

static void
read_tables(uint32_t magic, uint32_t info)
{
	struct bootinfo *bi = &pc_bootinfo;
	int error;

	if (bootinfo_decode(magic, info, phys_read, bi) != 0)
		pc_fail("%s",
		    bi->bi_nwarnings > 0 ? bi->bi_warnings[0]
					 : "no boot information");
	say(bi->bi_warnings, bi->bi_nwarnings);
	memory_check(bi, BOOT_LIMIT);
	drop_modules(bi);
	pc_options_parse(bi->bi_cmdline);
	map_known = true;
	error = acpi_decode_boot(bi, phys_read, &pc_acpi);
	say(pc_acpi.acpi_warnings, pc_acpi.acpi_nwarnings);
	if (error != 0)
		pc_acpi.acpi_present = false;
}

void
pc_main(uint32_t magic, uint32_t info)
{
	struct cpu *c = &pc_cpu0;

	serial_init();
	c->c_self = c;
	c->c_curthread = c->c_idlethread = &boot_thread;
	boot_thread.td_cpu = c;
	boot_thread.td_state = TDS_RUNNING;
	boot_thread.td_prio = TDPRI_KERN;
	strlcpy(boot_thread.td_name, "boot", sizeof(boot_thread.td_name));
	cpu_setup(c);
	read_tables(magic, info);
	cpu_init(c, 0);
	c->c_md.cm_up = true;
	memory_init(&pc_bootinfo);
	memory_give(&pc_bootinfo);
	apic_init();
	clock_init();
	intr_on();
	kernel_start();
	__builtin_unreachable();
}

/* --- the root archive ------------------------------------------------------------ */

static const struct boot_module *
root_module(void)
{
	const struct bootinfo *bi = &pc_bootinfo;
	const char *want = pc_options.po_initramfs, *name;

	for (int i = 0; i < bi->bi_nmodules; i++) {
		name = strrchr(bi->bi_modules[i].bm_name, '/');
		name = name != NULL ? name + 1 : bi->bi_modules[i].bm_name;
		if (*want == '\0' || strcmp(name, want) == 0)
			return (&bi->bi_modules[i]);
	}
	return (NULL);
}

int
machine_initramfs_read(void *arg __unused, void *buf, size_t len, size_t *donep)
{
	static paddr_t at;
	const struct boot_module *m = root_module();

	if (m == NULL)
		pc_fail("no root: the loader gave no module%s%s (the cpio "
			"archive of the root)",
		    *pc_options.po_initramfs != '\0' ? " named " : "",
		    pc_options.po_initramfs);
	if (at == 0)
		at = m->bm_start;
	*donep = MIN(len, m->bm_end - at);
	memcpy(buf, (const void *)(PHYS_BASE + at), *donep);
	at += *donep;
	return (0);
}

bool
machine_initramfs_next(void)
{
	return (false);
}

/* The modules have been read. */
static void
modules_free(void)
{
	for (int i = 0; i < pc_bootinfo.bi_nmodules; i++)
		memory_add(MAX(trunc_page(pc_bootinfo.bi_modules[i].bm_start),
			       LOW_LIMIT),
		    round_page(pc_bootinfo.bi_modules[i].bm_end));
	pc_bootinfo.bi_nmodules = 0;
}
SYSINIT(pc_modules, SI_INIT - 2, modules_free);

size_t
machine_entropy(void *buf, size_t len)
{
	uint8_t *p = buf;
	uint32_t r[4];
	uint64_t v;
	bool ok;
	size_t n = 0;

	cpuid(1, 0, r);
	for (; n < len; n++) {
		ok = false;
		if ((r[2] & (1 << 30)) != 0)
			__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(ok));
		if (!ok) /* poor: a device driver adds better (virtio-rng) */
			v = hash64(&(uint64_t){cpu_cycles()}, 8, n);
		p[n] = (uint8_t)v;
	}
	return (n);
}

/* --- ddb -------------------------------------------------------------------------- */

static const char *const kinds[] = {"ram", "reserved", "acpi", "nvs", "bad"};

static void
ddb_machine(const char *arg __unused)
{
	const struct bootinfo *bi = &pc_bootinfo;
	const struct acpi_info *ai = &pc_acpi;

	kprintf("loaded by %s, rsdp %#lx\n", bi->bi_protocol, bi->bi_rsdp);
	for (int i = 0; i < bi->bi_nranges; i++)
		kprintf("  %#014lx %#014lx %s\n", bi->bi_ranges[i].br_start,
		    bi->bi_ranges[i].br_end, kinds[bi->bi_ranges[i].br_kind]);
	kprintf("acpi %s, local apic %#lx, %d cpus, %d domains\n",
	    ai->acpi_present ? "present" : "absent", ai->acpi_lapic,
	    ai->acpi_ncpus, ai->acpi_ndomains);
	for (int i = 0; i < ai->acpi_ncpus; i++)
		kprintf("  apic %u domain %u\n", ai->acpi_cpus[i].ac_apic_id,
		    ai->acpi_cpus[i].ac_domain);
	for (int i = 0; i < ai->acpi_nioapics; i++)
		kprintf("  ioapic %#lx lines from %u\n",
		    ai->acpi_ioapics[i].ai_pa, ai->acpi_ioapics[i].ai_gsi_base);
	for (int i = 0; i < ai->acpi_necams; i++)
		kprintf("  ecam %#lx segment %u buses %u-%u\n",
		    ai->acpi_ecams[i].ae_pa, ai->acpi_ecams[i].ae_segment,
		    ai->acpi_ecams[i].ae_bus_first,
		    ai->acpi_ecams[i].ae_bus_last);
	for (int i = 0; i < ai->acpi_nmems; i++)
		kprintf("  domain %u memory %#lx-%#lx\n",
		    ai->acpi_mems[i].am_domain, ai->acpi_mems[i].am_start,
		    ai->acpi_mems[i].am_end);
}
DDB_COMMAND(machine, "show machine", ddb_machine,
    "what loader and firmware told: memory, CPUs, buses");
