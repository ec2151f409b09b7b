/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoders of boot/ and acpi/ on the host.
 *
 *	check_firmware boot FILE MAGIC INFO	print what is decoded
 *	check_firmware acpi FILE RSDP
 *	check_firmware boot+acpi FILE MAGIC INFO	acpi by what boot told
 *	check_firmware aml FILE			FILE: the bytes of one segment
 *	check_firmware damage boot|acpi ...	decode each damaged version,
 *						check the promises, count
 *	check_firmware ranges SEED COUNT	memory maps by chance, against
 *						a model
 *
 * FILE is read by host_load.  Damage: every byte changed in six ways, every
 * word set to all ones, half of it and nothing, every segment cut at every
 * length; for acpi again with the sums made right afterwards.
 */
#include <sys/systm.h>
#include "platform/pc64/boot/bootinfo.h"
#include "platform/pc64/acpi/acpi.h"
#include "platform/pc64/acpi/acpi_var.h"
#include "platform/pc64/boot/pvh.h"
#include "check_host.h"

#define READS_BOOT_MAX 16384 /* a list of 1024, a string of 4096, modules */
#define READS_ACPI_MAX 17000 /* two searches of the BIOS area, 128 tables */

static struct bootinfo bi;
static struct acpi_info ai;
static uint32_t boot_magic;
static paddr_t where; /* info or RSDP */
static const char *doing = "the undamaged image";

#define PROMISE(cond)                                                          \
	do {                                                                   \
		if (!(cond))                                                   \
			host_fail("%s: not " #cond, doing);                    \
	} while (0)

static void
promise_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	PROMISE(len < size);
	for (size_t i = 0; i < len; i++)
		PROMISE(((unsigned char)text[i] >= ' ' && text[i] != 0x7f) ||
		    text[i] == '\t' || text[i] == '\n');
}

static bool
in_ram(paddr_t start, paddr_t end)
{
	for (int i = 0; i < bi.bi_nranges; i++) {
		if (bi.bi_ranges[i].br_kind == BRK_RAM &&
		    bi.bi_ranges[i].br_start <= start &&
		    end <= bi.bi_ranges[i].br_end)
			return (true);
	}
	return (false);
}

static bool
has_ram(void)
{
	for (int i = 0; i < bi.bi_nranges; i++) {
		if (bi.bi_ranges[i].br_kind == BRK_RAM)
			return (true);
	}
	return (false);
}

static void
promise_ranges(void)
{
	PROMISE(bi.bi_nranges >= 0 && bi.bi_nranges <= BOOT_RANGES_MAX);
	for (int i = 0; i < bi.bi_nranges; i++) {
		const struct boot_range *br = &bi.bi_ranges[i];

		PROMISE(br->br_start < br->br_end);
		PROMISE((br->br_start & PAGE_MASK) == 0);
		PROMISE((br->br_end & PAGE_MASK) == 0);
		PROMISE(br->br_kind <= BRK_BAD);
		PROMISE(i == 0 || br[-1].br_end <= br->br_start);
		PROMISE(i == 0 || br[-1].br_end < br->br_start ||
		    br[-1].br_kind != br->br_kind);
	}
}

static void
promise_modules(void)
{
	PROMISE(bi.bi_nmodules >= 0 && bi.bi_nmodules <= BOOT_MODULES_MAX);
	for (int i = 0; i < bi.bi_nmodules; i++) {
		const struct boot_module *bm = &bi.bi_modules[i];

		PROMISE(bm->bm_start < bm->bm_end);
		PROMISE(in_ram(bm->bm_start, bm->bm_end));
		promise_text(bm->bm_name, sizeof(bm->bm_name));
		PROMISE(strchr(bm->bm_name, ' ') == NULL);
		for (int j = 0; j < i; j++)
			PROMISE(bm->bm_end <= bi.bi_modules[j].bm_start ||
			    bi.bi_modules[j].bm_end <= bm->bm_start);
	}
}

static int
check_boot(void)
{
	int error;

	memset(&bi, 0xa5, sizeof(bi));
	reads = 0;
	error = bootinfo_decode(boot_magic, where, host_phys_read, &bi);
	PROMISE(reads <= READS_BOOT_MAX);
	PROMISE(error == 0 || error == EINVAL);
	PROMISE(bi.bi_nwarnings >= (error != 0));
	PROMISE(bi.bi_nwarnings <= (int)nitems(bi.bi_warnings));
	for (int i = 0; i < bi.bi_nwarnings; i++) {
		promise_text(bi.bi_warnings[i], sizeof(bi.bi_warnings[0]));
		PROMISE(bi.bi_warnings[i][0] != '\0');
	}
	PROMISE(bi.bi_protocol != NULL);
	promise_ranges();
	PROMISE((error == 0) <= has_ram());
	promise_modules();
	promise_text(bi.bi_cmdline, sizeof(bi.bi_cmdline));
	PROMISE(bi.bi_rsdp_len == 0 || bi.bi_rsdp_len == 20 ||
	    bi.bi_rsdp_len == 36);
	return (error);
}

static void
promise_register(const struct acpi_reg *ag)
{
	PROMISE(
	    ag->ag_space == ACPI_SPACE_MEM || ag->ag_space == ACPI_SPACE_IO);
	PROMISE(ag->ag_space == ACPI_SPACE_MEM || ag->ag_addr <= 0xffff);
}

static void
promise_cpus(void)
{
	PROMISE(ai.acpi_ncpus >= 0 && ai.acpi_ncpus <= ACPI_CPUS_MAX);
	for (int i = 0; i < ai.acpi_ncpus; i++) {
		PROMISE(ai.acpi_cpus[i].ac_domain < (uint32_t)ai.acpi_ndomains);
		for (int j = 0; j < i; j++)
			PROMISE(ai.acpi_cpus[i].ac_apic_id !=
			    ai.acpi_cpus[j].ac_apic_id);
	}
	PROMISE(ai.acpi_nioapics >= 0 && ai.acpi_nioapics <= ACPI_IOAPICS_MAX);
	for (int i = 0; i < ai.acpi_nioapics; i++)
		PROMISE(ai.acpi_ioapics[i].ai_pa != 0);
	PROMISE(ai.acpi_nisos >= 0 && ai.acpi_nisos <= 16);
	for (int i = 0; i < ai.acpi_nisos; i++)
		PROMISE(ai.acpi_isos[i].as_irq < 16);
}

static void
promise_domains(void)
{
	PROMISE(ai.acpi_ndomains >= 1 && ai.acpi_ndomains <= ACPI_DOMAINS_MAX);
	PROMISE(ai.acpi_nmems >= 0 && ai.acpi_nmems <= ACPI_MEMS_MAX);
	for (int i = 0; i < ai.acpi_nmems; i++) {
		PROMISE(ai.acpi_mems[i].am_start < ai.acpi_mems[i].am_end);
		PROMISE(ai.acpi_mems[i].am_domain < (uint32_t)ai.acpi_ndomains);
	}
	for (int i = 0; i < ACPI_DOMAINS_MAX; i++) {
		for (int j = 0; j < ACPI_DOMAINS_MAX; j++)
			PROMISE(i == j ? ai.acpi_distance[i][j] == 10
				       : ai.acpi_distance[i][j] > 10);
	}
}

static int
check_acpi(void)
{
	int error;

	memset(&ai, 0xa5, sizeof(ai));
	reads = 0;
	error = acpi_decode(where, host_phys_read, &ai);
	PROMISE(reads <= READS_ACPI_MAX);
	PROMISE(error == 0 || error == ENOENT || error == EINVAL);
	PROMISE(ai.acpi_present == (error == 0));
	PROMISE(ai.acpi_nwarnings >= (error == EINVAL));
	PROMISE(ai.acpi_nwarnings <= (int)nitems(ai.acpi_warnings));
	for (int i = 0; i < ai.acpi_nwarnings; i++)
		promise_text(ai.acpi_warnings[i], sizeof(ai.acpi_warnings[0]));
	promise_cpus();
	promise_domains();
	PROMISE(ai.acpi_necams >= 0 && ai.acpi_necams <= ACPI_ECAMS_MAX);
	for (int i = 0; i < ai.acpi_necams; i++)
		PROMISE(ai.acpi_ecams[i].ae_bus_first <=
		    ai.acpi_ecams[i].ae_bus_last);
	promise_register(&ai.acpi_hpet);
	promise_register(&ai.acpi_pm_timer);
	promise_register(&ai.acpi_reset);
	promise_register(&ai.acpi_pm1a_cnt);
	promise_register(&ai.acpi_pm1b_cnt);
	promise_register(&ai.acpi_sleep_cnt);
	promise_register(&ai.acpi_sleep_sts);
	PROMISE(ai.acpi_s5_a <= 7 && ai.acpi_s5_b <= 7);
	PROMISE(ai.acpi_century < 128);
	PROMISE(ai.acpi_nvirtios >= 0 && ai.acpi_nvirtios <= ACPI_VIRTIOS_MAX);
	return (error);
}

static void
print_boot(int error)
{
	static const char *const kinds[] = {
	    [BRK_RAM] = "ram",
	    [BRK_RESERVED] = "reserved",
	    [BRK_ACPI] = "acpi",
	    [BRK_NVS] = "nvs",
	    [BRK_BAD] = "bad",
	};

	host_print("error %d\nprotocol %s\n", error, bi.bi_protocol);
	for (int i = 0; i < bi.bi_nranges; i++)
		host_print("range %#lx %#lx %s\n", bi.bi_ranges[i].br_start,
		    bi.bi_ranges[i].br_end, kinds[bi.bi_ranges[i].br_kind]);
	for (int i = 0; i < bi.bi_nmodules; i++)
		host_print("module %#lx %#lx %s\n", bi.bi_modules[i].bm_start,
		    bi.bi_modules[i].bm_end, bi.bi_modules[i].bm_name);
	host_print("cmdline %s\n", bi.bi_cmdline);
	host_print("rsdp %#lx copy %u\n", bi.bi_rsdp, bi.bi_rsdp_len);
	for (int i = 0; i < bi.bi_nwarnings; i++)
		host_print("warning %s\n", bi.bi_warnings[i]);
}

static void
print_register(const char *name, const struct acpi_reg *ag)
{
	if (ag->ag_addr != 0)
		host_print("%s %s %#lx %u\n", name,
		    ag->ag_space == ACPI_SPACE_IO ? "io" : "mem", ag->ag_addr,
		    ag->ag_bits);
}

static void
print_domains(void)
{
	for (int i = 0; i < ai.acpi_nmems; i++)
		host_print("mem %#lx %#lx domain %u\n",
		    ai.acpi_mems[i].am_start, ai.acpi_mems[i].am_end,
		    ai.acpi_mems[i].am_domain);
	for (int i = 0; i < ai.acpi_ndomains; i++) {
		host_print("distance");
		for (int j = 0; j < ai.acpi_ndomains; j++)
			host_print(" %u", ai.acpi_distance[i][j]);
		host_print("\n");
	}
}

static void
print_fixed(void)
{
	print_register("hpet", &ai.acpi_hpet);
	print_register(
	    ai.acpi_pm_timer_32 ? "timer32" : "timer24", &ai.acpi_pm_timer);
	print_register("reset", &ai.acpi_reset);
	host_print("reset value %#x\n", ai.acpi_reset_value);
	print_register("pm1a", &ai.acpi_pm1a_cnt);
	print_register("pm1b", &ai.acpi_pm1b_cnt);
	print_register("sleep", &ai.acpi_sleep_cnt);
	print_register("sleep-status", &ai.acpi_sleep_sts);
	host_print(
	    "enable %#x to %#x\n", ai.acpi_enable_value, ai.acpi_smi_cmd);
	host_print("flags%s%s%s\n", ai.acpi_hw_reduced ? " reduced" : "",
	    ai.acpi_no_8042 ? " no-8042" : "",
	    ai.acpi_no_clock ? " no-clock" : "");
	host_print("century %u\n", ai.acpi_century);
	if (ai.acpi_has_s5)
		host_print("s5 %u %u\n", ai.acpi_s5_a, ai.acpi_s5_b);
	for (int i = 0; i < ai.acpi_nvirtios; i++)
		host_print("virtio %#lx %#x %u\n", ai.acpi_virtios[i].av_pa,
		    ai.acpi_virtios[i].av_bytes, ai.acpi_virtios[i].av_gsi);
}

static void
print_acpi(int error)
{
	host_print("error %d\n", error);
	if (ai.acpi_has_madt)
		host_print("lapic %#lx%s\n", ai.acpi_lapic,
		    ai.acpi_pcat_compat ? " pcat" : "");
	for (int i = 0; i < ai.acpi_ncpus; i++)
		host_print("cpu %u domain %u\n", ai.acpi_cpus[i].ac_apic_id,
		    ai.acpi_cpus[i].ac_domain);
	for (int i = 0; i < ai.acpi_nioapics; i++)
		host_print("ioapic %#lx gsi %u\n", ai.acpi_ioapics[i].ai_pa,
		    ai.acpi_ioapics[i].ai_gsi_base);
	for (int i = 0; i < ai.acpi_nisos; i++)
		host_print("iso %u gsi %u%s%s\n", ai.acpi_isos[i].as_irq,
		    ai.acpi_isos[i].as_gsi,
		    ai.acpi_isos[i].as_level ? " level" : "",
		    ai.acpi_isos[i].as_low ? " low" : "");
	for (int i = 0; i < ai.acpi_necams; i++)
		host_print("ecam %#lx segment %u bus %u %u\n",
		    ai.acpi_ecams[i].ae_pa, ai.acpi_ecams[i].ae_segment,
		    ai.acpi_ecams[i].ae_bus_first,
		    ai.acpi_ecams[i].ae_bus_last);
	print_domains();
	print_fixed();
	for (int i = 0; i < ai.acpi_nwarnings; i++)
		host_print("warning %s\n", ai.acpi_warnings[i]);
}

/* --- damage -------------------------------------------------------------- */

static uint64_t ndamaged;

static uint8_t
sum_of(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	while (len-- > 0)
		sum += *p++;
	return (sum);
}

/* A segment is one table or the RSDP: make its sums right. */
static void
repair(struct segment *sg)
{
	uint8_t *p = sg->sg_bytes;
	uint64_t len = sg->sg_len;
	uint32_t said;

	if (len >= 20 && memcmp(p, "RSD PTR ", 8) == 0) {
		p[8] -= sum_of(p, 20);
		if (len >= 36)
			p[32] -= sum_of(p, 36);
	} else if (len >= sizeof(struct acpi_header)) {
		memcpy(&said, p + 4, sizeof(said));
		p[9] -= sum_of(p, MIN(said, len));
	}
}

static void
check_damaged(struct segment *sg, const struct segment *good, bool acpi)
{
	ndamaged++;
	if (!acpi) {
		check_boot();
	} else {
		check_acpi();
		repair(sg);
		check_acpi();
	}
	memcpy(sg->sg_bytes, good->sg_bytes, good->sg_len);
}

static void
damage_segment(struct segment *sg, bool acpi)
{
	static const uint8_t flips[] = {0x01, 0x04, 0x10, 0x80, 0x7f, 0xff};
	static const uint32_t words[] = {0, 0x7fffffff, 0xffffffff};
	static uint8_t copy[65536];
	struct segment good = {sg->sg_pa, sg->sg_len, copy};

	PROMISE(good.sg_len <= sizeof(copy));
	memcpy(copy, sg->sg_bytes, good.sg_len);
	doing = "a byte changed";
	for (uint64_t i = 0; i < good.sg_len; i++) {
		for (size_t f = 0; f < nitems(flips); f++) {
			sg->sg_bytes[i] ^= flips[f];
			check_damaged(sg, &good, acpi);
		}
	}
	doing = "a word overwritten";
	for (uint64_t i = 0; i + 8 <= good.sg_len; i++) {
		for (size_t w = 0; w < nitems(words); w++) {
			memcpy(sg->sg_bytes + i, &words[w], 4);
			check_damaged(sg, &good, acpi);
			memcpy(sg->sg_bytes + i, &words[w], 4);
			memcpy(sg->sg_bytes + i + 4, &words[w], 4);
			check_damaged(sg, &good, acpi);
		}
	}
	doing = "memory cut short";
	for (sg->sg_len = 0; sg->sg_len < good.sg_len; sg->sg_len++)
		check_damaged(sg, &good, acpi);
}

/* --- maps by chance ------------------------------------------------------- */

#define HALVES 128 /* half pages the model knows */

static uint64_t seed;

static uint32_t
chance(uint32_t n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return ((uint32_t)(seed >> 33) % n);
}

/* What page must be, from the entries: -1 for none. */
static int
model_kind(const struct pvh_map_entry *pe, int n, uint64_t page)
{
	static const uint8_t rank[] = {0, 0, 3, 1, 2, 4}; /* by e820 type */
	static const int kind[] = {
	    BRK_RAM, BRK_ACPI, BRK_NVS, BRK_RESERVED, BRK_BAD};
	int worst = -1;
	bool half[2] = {false, false};

	for (int i = 0; i < n; i++) {
		uint64_t start = pe[i].pe_base, end = start + pe[i].pe_len;

		if (pe[i].pe_type != 1) {
			if (start < (page + 1) * PAGE_SIZE &&
			    end > page * PAGE_SIZE && start < end)
				worst = MAX(worst, rank[pe[i].pe_type]);
			continue;
		}
		for (uint64_t h = 0; h < 2; h++) {
			uint64_t at = page * PAGE_SIZE + h * PAGE_SIZE / 2;

			half[h] |= start <= at && at + PAGE_SIZE / 2 <= end;
		}
		if (start <= page * PAGE_SIZE && (page + 1) * PAGE_SIZE <= end)
			worst = MAX(worst, 0);
	}
	if (worst == -1 && half[0] && half[1])
		return (-2); /* two halves: RAM if they were told in turn */
	return (worst < 0 ? -1 : kind[worst]);
}

static int
decoded_kind(uint64_t page)
{
	for (int i = 0; i < bi.bi_nranges; i++) {
		const struct boot_range *br = &bi.bi_ranges[i];

		if (br->br_start <= page * PAGE_SIZE &&
		    page * PAGE_SIZE < br->br_end)
			return (br->br_kind);
	}
	return (-1);
}

static void
check_ranges(int nentries)
{
	static struct pvh_map_entry pe[24];
	static struct {
		struct pvh_info pi;
		struct pvh_map pm;
	} __packed info;

	for (int i = 0; i < nentries; i++) {
		uint64_t start = chance(HALVES);

		pe[i] = (struct pvh_map_entry){start * PAGE_SIZE / 2,
		    chance(HALVES / 2) * PAGE_SIZE / 2,
		    chance(3) == 0 ? 1 + chance(5) : 1, 0};
	}
	info.pi = (struct pvh_info){BOOT_MAGIC_PVH, 1, 0, 0, 0, 0, 0};
	info.pm = (struct pvh_map){0x20000, (uint32_t)nentries, 0};
	segments[0] = (struct segment){0x10000, sizeof(info), (void *)&info};
	segments[1] = (struct segment){
	    0x20000, (uint64_t)nentries * sizeof(pe[0]), (void *)pe};
	nsegments = 2;
	check_boot();
	for (uint64_t page = 0; page < HALVES; page++) {
		int want = model_kind(pe, nentries, page);
		int got = decoded_kind(page);

		if (want == -2 ? got != -1 && got != BRK_RAM : got != want)
			host_fail("page %lu is %d, not %d", page, got, want);
	}
}

/* --- commands -------------------------------------------------------------- */

static void
command_aml(void)
{
	uint8_t a = 0, b = 0;
	bool found;

	/* Exact, so that the sanitizer sees a look past the end. */
	found = acpi_find_s5(
	    host_phys_read(segments[0].sg_pa, (size_t)segments[0].sg_len),
	    (size_t)segments[0].sg_len, &a, &b);
	host_print(found ? "s5 %u %u\n" : "none\n", a, b);
}

static void
command_boot_acpi(char **argv)
{
	boot_magic = (uint32_t)host_number(argv[2]);
	where = host_number(argv[3]);
	check_boot();
	print_acpi(acpi_decode_boot(&bi, host_phys_read, &ai));
}

static void
command_ranges(int argc, char **argv)
{
	if (argc != 3)
		host_fail("ranges SEED COUNT");
	seed = host_number(argv[1]);
	doing = "a map by chance";
	boot_magic = BOOT_MAGIC_PVH;
	where = 0x10000;
	for (uint64_t i = host_number(argv[2]); i > 0; i--)
		check_ranges(1 + (int)chance(24));
}

int
check_main(int argc, char **argv)
{
	bool damage = argc > 1 && strcmp(argv[1], "damage") == 0;
	bool acpi;

	argc -= 1 + damage;
	argv += 1 + damage;
	if (argc > 0 && strcmp(argv[0], "ranges") == 0) {
		command_ranges(argc, argv);
		return (0);
	}
	if (argc < 2)
		host_fail("usage: see check_firmware.c");
	host_load(argv[1]);
	if (strcmp(argv[0], "aml") == 0) {
		command_aml();
		return (0);
	}
	if (argc == 4 && strcmp(argv[0], "boot+acpi") == 0) {
		command_boot_acpi(argv);
		return (0);
	}
	acpi = strcmp(argv[0], "acpi") == 0;
	if (argc != (acpi ? 3 : 4))
		host_fail("usage: see check_firmware.c");
	boot_magic = acpi ? 0 : (uint32_t)host_number(argv[2]);
	where = host_number(argv[acpi ? 2 : 3]);
	if (acpi)
		print_acpi(check_acpi());
	else
		print_boot(check_boot());
	for (int i = 0; damage && i < nsegments; i++)
		damage_segment(&segments[i], acpi);
	if (damage)
		host_print("damaged %lu\n", ndamaged);
	return (0);
}
