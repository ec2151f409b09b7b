/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controllers: each CPU's local APIC (xAPIC, by memory) and the
 * IOAPICs.  The old PIC is masked and never used.  (Intel SDM vol. 3, 11;
 * 82093AA data sheet.)
 *
 * An IOAPIC is an index and a data register: both under ioapic_lock, taken
 * with interrupts off, because a handler masks a level-triggered line.
 */
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/ddb.h>
#include <sys/intr.h>
#include <cpu/io.h>
#include "pc_var.h"

/* Local APIC registers, by byte offset. */
#define LA_ID	     0x020
#define LA_VERSION   0x030
#define LA_TPR	     0x080
#define LA_EOI	     0x0b0
#define LA_SPURIOUS  0x0f0
#define LA_ESR	     0x280
#define LA_ICR_LOW   0x300
#define LA_ICR_HIGH  0x310
#define LA_LVT_TMR   0x320
#define LA_LVT_LINT0 0x350
#define LA_LVT_LINT1 0x360
#define LA_LVT_ERR   0x370
#define LA_TMR_INIT  0x380
#define LA_TMR_NOW   0x390
#define LA_TMR_DIV   0x3e0

#define LVT_MASKED  0x10000
#define LVT_NMI	    0x400
#define SPURIOUS_ON 0x100
#define ICR_BUSY    0x1000
#define ICR_ASSERT  0x4000
#define ICR_NMI	    0x400
#define ICR_INIT    0x500
#define ICR_STARTUP 0x600
#define ICR_OTHERS  0xc0000
#define TMR_DIV_1   0x0b

#define MSR_APICBASE 0x1b
#define APICBASE_ON  0x800

#define RTE_LOW	   0x2000
#define RTE_LEVEL  0x8000
#define RTE_MASKED 0x10000

paddr_t lapic_pa = 0xfee00000;
static volatile uint8_t *lapic;

static struct ioapic {
	volatile uint32_t *io_regs;
	uint32_t io_gsi, io_lines;
} ioapics[ACPI_IOAPICS_MAX];
static int nioapics;
static volatile uint32_t ioapic_lock;

/* --- local -------------------------------------------------------------------- */

static uint32_t
la_read(unsigned off)
{
	return (*(volatile uint32_t *)(lapic + off));
}

static void
la_write(unsigned off, uint32_t v)
{
	*(volatile uint32_t *)(lapic + off) = v;
}

void
lapic_setup(void)
{
	wrmsr(MSR_APICBASE, rdmsr(MSR_APICBASE) | APICBASE_ON);
	la_write(LA_TPR, 0);
	la_write(LA_LVT_TMR, LVT_MASKED | V_TIMER);
	la_write(LA_LVT_LINT0, LVT_MASKED);
	la_write(LA_LVT_LINT1, LVT_NMI);
	la_write(LA_LVT_ERR, LVT_MASKED);
	la_write(LA_TMR_DIV, TMR_DIV_1);
	la_write(LA_SPURIOUS, SPURIOUS_ON | V_SPURIOUS);
	la_write(LA_LVT_TMR, V_TIMER);
	la_write(LA_EOI, 0);
}

void
lapic_eoi(void)
{
	la_write(LA_EOI, 0);
}

uint32_t
lapic_id(void)
{
	return (la_read(LA_ID) >> 24);
}

static void
icr_write(uint32_t apic_id, uint32_t low)
{
	uint64_t flags = intr_save();

	for (int i = 0; (la_read(LA_ICR_LOW) & ICR_BUSY) != 0 && i < 100000;
	     i++)
		__asm__ volatile("pause");
	la_write(LA_ICR_HIGH, apic_id << 24);
	la_write(LA_ICR_LOW, low);
	intr_restore(flags);
}

void
lapic_send(uint32_t apic_id, unsigned vector)
{
	icr_write(apic_id, ICR_ASSERT | vector);
}

void
lapic_nmi(uint32_t apic_id)
{
	icr_write(apic_id, ICR_ASSERT | ICR_NMI);
}

void
lapic_nmi_others(void)
{
	if (lapic != NULL)
		icr_write(0, ICR_OTHERS | ICR_ASSERT | ICR_NMI);
}

/* SDM vol. 3, 9.4.4.1: INIT, 10 ms, SIPI, 200 us, SIPI. */
void
lapic_start(uint32_t apic_id, unsigned page)
{
	icr_write(apic_id, ICR_ASSERT | ICR_INIT);
	clock_delay(10 * NS_PER_MSEC);
	icr_write(apic_id, ICR_ASSERT | ICR_STARTUP | page);
	clock_delay(200 * NS_PER_USEC);
	icr_write(apic_id, ICR_ASSERT | ICR_STARTUP | page);
}

void
lapic_timer(uint32_t count)
{
	la_write(LA_TMR_INIT, count);
}

uint32_t
lapic_timer_left(void)
{
	return (la_read(LA_TMR_NOW));
}

/* --- I/O ------------------------------------------------------------------------- */

static uint64_t
io_lock(void)
{
	uint64_t flags = intr_save();

	while (atomic_swap(&ioapic_lock, 1) != 0)
		__asm__ volatile("pause");
	return (flags);
}

static void
io_unlock(uint64_t flags)
{
	atomic_store_rel(&ioapic_lock, 0);
	intr_restore(flags);
}

static uint32_t
io_read(struct ioapic *io, unsigned reg)
{
	io->io_regs[0] = reg;
	return (io->io_regs[4]);
}

static void
io_write(struct ioapic *io, unsigned reg, uint32_t v)
{
	io->io_regs[0] = reg;
	io->io_regs[4] = v;
}

static struct ioapic *
ioapic_of(uint32_t gsi)
{
	for (int i = 0; i < nioapics; i++)
		if (gsi >= ioapics[i].io_gsi &&
		    gsi - ioapics[i].io_gsi < ioapics[i].io_lines)
			return (&ioapics[i]);
	return (NULL);
}

bool
ioapic_has(uint32_t gsi)
{
	return (ioapic_of(gsi) != NULL);
}

void
ioapic_mask(uint32_t gsi, bool masked)
{
	struct ioapic *io = ioapic_of(gsi);
	unsigned reg = 0x10 + 2 * (gsi - io->io_gsi);
	uint64_t flags = io_lock();
	uint32_t low = io_read(io, reg);

	io_write(io, reg, masked ? low | RTE_MASKED : low & ~RTE_MASKED);
	io_unlock(flags);
}

/* All device interrupts go to CPU 0; false: no such line. */
bool
ioapic_route(uint32_t gsi, bool level, bool low, unsigned vector)
{
	struct ioapic *io = ioapic_of(gsi);
	unsigned reg;
	uint64_t flags;

	if (io == NULL)
		return (false);
	reg = 0x10 + 2 * (gsi - io->io_gsi);
	flags = io_lock();
	io_write(io, reg, RTE_MASKED);
	io_write(io, reg + 1, pc_cpu0.c_md.cm_apic_id << 24);
	io_write(
	    io, reg, vector | (level ? RTE_LEVEL : 0) | (low ? RTE_LOW : 0));
	io_unlock(flags);
	return (true);
}

static void
ioapic_add(paddr_t pa, uint32_t gsi)
{
	struct ioapic *io = &ioapics[nioapics];
	uint32_t version;

	if ((io->io_regs = device_map(pa, 0x20)) == NULL)
		return;
	version = io_read(io, 1);
	if (version == 0xffffffff || (version >> 16 & 0xff) > 239) {
		kprintf("ioapic at %#lx does not answer; left out\n", pa);
		return;
	}
	io->io_gsi = gsi;
	io->io_lines = (version >> 16 & 0xff) + 1;
	for (unsigned i = 0; i < io->io_lines; i++)
		io_write(io, 0x10 + 2 * i, RTE_MASKED);
	nioapics++;
}

/* Both PICs: vectors out of the exceptions' way, every line masked. */
static void
pic_mask(void)
{
	static const uint8_t init[] = {0x11, 0x20, 0x04, 0x01};

	for (unsigned i = 0; i < 4; i++) {
		io_out8(i == 0 ? 0x20 : 0x21, init[i]);
		io_out8(i == 0 ? 0xa0 : 0xa1,
		    i == 1	 ? 0x28
			: i == 2 ? 0x02
				 : init[i]);
	}
	io_out8(0x21, 0xff);
	io_out8(0xa1, 0xff);
}

void
apic_init(void)
{
	if (pc_acpi.acpi_lapic != 0)
		lapic_pa = pc_acpi.acpi_lapic;
	if ((lapic_pa & PAGE_MASK) != 0 ||
	    (lapic = device_map(lapic_pa, PAGE_SIZE)) == NULL)
		pc_fail("the local APIC cannot be at %#lx", lapic_pa);
	/* Those inside of CPUs have versions 0x10 to 0x1f. */
	if ((la_read(LA_VERSION) & 0xf0) != 0x10)
		pc_fail("the local APIC at %#lx does not answer", lapic_pa);
	pic_mask();
	lapic_setup();
	pc_cpu0.c_md.cm_apic_id = lapic_id();
	for (int i = 0; i < pc_acpi.acpi_nioapics; i++)
		ioapic_add(pc_acpi.acpi_ioapics[i].ai_pa,
		    pc_acpi.acpi_ioapics[i].ai_gsi_base);
	/* Without tables: where every PC has it. */
	if (!pc_acpi.acpi_has_madt)
		ioapic_add(0xfec00000, 0);
}
