/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot loader's word in one form.
 *
 * A decoder for each protocol (mb1.c, mb2.c, pvh.c) reads what the loader left
 * and adds ranges and modules as told.  Then, here, the ranges are resolved
 * and the modules held against them.
 *
 * 1. Trust.  Nothing of what is read is believed: counts are capped, sums that
 *    wrap are refused, each read is asked from the phys_read_t and copied at
 *    once, so its result need not last.  Work is bounded by BOOT_ENTRIES_MAX
 *    entries in each list and by our own buffer for each string.
 * 2. Ranges.  A range as told is rounded to pages, RAM inwards, all others
 *    outwards.  Then a sweep over all starts and ends gives each stretch the
 *    most restrictive kind that covers it.  Where a table is full, RAM is what
 *    gets lost: less memory is a nuisance, a reserved page in use is a fault.
 * 3. Modules stay if they lie in RAM with every byte and overlap no other.
 */
#include <sys/systm.h>
#include "bootinfo_var.h"

#define BOOT_PA_END (1UL << 52) /* what a page table entry can name */

/* How restrictive a kind is. */
static const uint8_t kind_rank[] = {
    [BRK_RAM] = 0,
    [BRK_ACPI] = 1,
    [BRK_NVS] = 2,
    [BRK_RESERVED] = 3,
    [BRK_BAD] = 4,
};

static const struct {
	uint32_t p_magic;
	const char *p_name;
	int (*p_decode)(struct boot_decode *bd, paddr_t info);
} protocols[] = {
    {BOOT_MAGIC_MB1, "multiboot", boot_decode_mb1},
    {BOOT_MAGIC_MB2, "multiboot2", boot_decode_mb2},
    {BOOT_MAGIC_PVH, "pvh", boot_decode_pvh},
};

int
boot_copy(
    struct boot_decode *bd, paddr_t base, uint64_t off, void *buf, size_t len)
{
	const void *p;

	if (off > UINT64_MAX - base || len > UINT64_MAX - base - off)
		return (EFAULT);
	p = bd->bd_read(base + off, len);
	if (p == NULL)
		return (EFAULT);
	memcpy(buf, p, len);
	return (0);
}

void
boot_warn(struct boot_decode *bd, const char *fmt, ...)
{
	struct bootinfo *bi = bd->bd_bi;
	va_list ap;

	if (bi->bi_nwarnings == nitems(bi->bi_warnings))
		return;
	va_start(ap, fmt);
	kvsnprintf(bi->bi_warnings[bi->bi_nwarnings++],
	    sizeof(bi->bi_warnings[0]), fmt, ap);
	va_end(ap);
}

int
boot_fatal(struct boot_decode *bd, const char *what)
{
	struct bootinfo *bi = bd->bd_bi;

	if (bi->bi_nwarnings < (int)nitems(bi->bi_warnings))
		bi->bi_nwarnings++;
	memmove(bi->bi_warnings[1], bi->bi_warnings[0],
	    (size_t)(bi->bi_nwarnings - 1) * sizeof(bi->bi_warnings[0]));
	strlcpy(bi->bi_warnings[0], what, sizeof(bi->bi_warnings[0]));
	return (EINVAL);
}

enum boot_range_kind
boot_e820_kind(uint32_t type)
{
	switch (type) {
	case 1:
		return (BRK_RAM);
	case 3:
		return (BRK_ACPI);
	case 4:
		return (BRK_NVS);
	case 5:
		return (BRK_BAD);
	default:
		return (BRK_RESERVED);
	}
}

/* A slot for a range when all are taken: the smallest RAM's, or NULL. */
static struct boot_range *
raw_evict(struct boot_decode *bd, enum boot_range_kind kind)
{
	struct boot_range *least = NULL;

	if (!bd->bd_raw_full)
		boot_warn(bd, "more than %d ranges of memory, some RAM lost",
		    BOOT_RANGES_MAX);
	bd->bd_raw_full = true;
	if (kind == BRK_RAM)
		return (NULL);
	for (int i = 0; i < bd->bd_nraw; i++) {
		struct boot_range *br = &bd->bd_raw[i];

		if (br->br_kind == BRK_RAM &&
		    (least == NULL ||
			br->br_end - br->br_start <
			    least->br_end - least->br_start))
			least = br;
	}
	/* None: no RAM is listed nor will be, so this range guards nothing. */
	return (least);
}

void
boot_add_range(struct boot_decode *bd, paddr_t base, uint64_t len,
    enum boot_range_kind kind)
{
	struct boot_range *br;

	if (len == 0)
		return;
	if (base >= BOOT_PA_END || len > BOOT_PA_END - base) {
		if (kind == BRK_RAM || base >= BOOT_PA_END) {
			boot_warn(bd, "range %#lx+%#lx is impossible, ignored",
			    base, len);
			return;
		}
		len = BOOT_PA_END - base;
	}
	/* Whole memory maps come in order: join before rounding. */
	br = bd->bd_nraw > 0 ? &bd->bd_raw[bd->bd_nraw - 1] : NULL;
	if (br != NULL && br->br_kind == kind && br->br_end == base) {
		br->br_end = base + len;
		return;
	}
	if (bd->bd_nraw < BOOT_RANGES_MAX)
		br = &bd->bd_raw[bd->bd_nraw++];
	else
		br = raw_evict(bd, kind);
	if (br != NULL)
		*br = (struct boot_range){base, base + len, kind};
}

bool
boot_has_ram(const struct boot_decode *bd)
{
	for (int i = 0; i < bd->bd_nraw; i++) {
		if (bd->bd_raw[i].br_kind == BRK_RAM)
			return (true);
	}
	return (false);
}

void
boot_add_basic_memory(
    struct boot_decode *bd, uint32_t lower_kib, uint32_t upper_kib)
{
	boot_warn(bd, "no memory map, only sizes");
	boot_add_range(bd, 0, MIN(lower_kib, 640U) * 1024UL, BRK_RAM);
	boot_add_range(bd, 0x100000, upper_kib * 1024UL, BRK_RAM);
}

static void
round_ranges(struct boot_decode *bd)
{
	for (int i = 0; i < bd->bd_nraw; i++) {
		struct boot_range *br = &bd->bd_raw[i];

		if (br->br_kind == BRK_RAM) {
			br->br_start = round_page(br->br_start);
			br->br_end = trunc_page(br->br_end);
		} else {
			br->br_start = trunc_page(br->br_start);
			br->br_end = round_page(br->br_end);
		}
	}
}

/* What covers pos, or NULL; *nextp: where that changes, past pos. */
static const struct boot_range *
range_at(const struct boot_decode *bd, paddr_t pos, paddr_t *nextp)
{
	const struct boot_range *top = NULL;

	*nextp = BOOT_PA_END;
	for (int i = 0; i < bd->bd_nraw; i++) {
		const struct boot_range *br = &bd->bd_raw[i];

		if (br->br_start >= br->br_end)
			continue; /* rounded away */
		if (br->br_start > pos)
			*nextp = MIN(*nextp, br->br_start);
		if (br->br_end > pos)
			*nextp = MIN(*nextp, br->br_end);
		if (br->br_start <= pos && pos < br->br_end &&
		    (top == NULL ||
			kind_rank[br->br_kind] > kind_rank[top->br_kind]))
			top = br;
	}
	return (top);
}

static void
resolve_ranges(struct boot_decode *bd)
{
	struct bootinfo *bi = bd->bd_bi;
	struct boot_range *last = NULL;
	paddr_t next;

	round_ranges(bd);
	for (paddr_t pos = 0; pos < BOOT_PA_END; pos = next) {
		const struct boot_range *br = range_at(bd, pos, &next);

		if (br == NULL)
			continue;
		if (last != NULL && last->br_kind == br->br_kind &&
		    last->br_end == pos) {
			last->br_end = next;
			continue;
		}
		if (bi->bi_nranges == BOOT_RANGES_MAX) {
			boot_warn(
			    bd, "memory above %#lx lost: too many ranges", pos);
			return;
		}
		last = &bi->bi_ranges[bi->bi_nranges++];
		*last = (struct boot_range){pos, next, br->br_kind};
	}
}

/*
 * A string of at most max bytes into buf; control characters but tab and line
 * break are made blanks.
 * 0; EFAULT: cannot be read; ENAMETOOLONG: cut.
 */
static int
copy_string(
    struct boot_decode *bd, paddr_t pa, size_t max, char *buf, size_t size)
{
	size_t i;

	/* Byte by byte: what follows the NUL need not be readable. */
	for (i = 0; i < max; i++) {
		unsigned char c;

		if (boot_copy(bd, pa, i, &c, 1) != 0) {
			buf[0] = '\0';
			return (EFAULT);
		}
		if (c == '\0' || i == size - 1) {
			buf[i] = '\0';
			return (c == '\0' ? 0 : ENAMETOOLONG);
		}
		buf[i] = (c < ' ' && c != '\t' && c != '\n') || c == 0x7f
		    ? ' '
		    : (char)c;
	}
	buf[MIN(i, size - 1)] = '\0';
	return (0);
}

void
boot_set_cmdline(struct boot_decode *bd, paddr_t string, size_t max)
{
	struct bootinfo *bi = bd->bd_bi;

	switch (copy_string(
	    bd, string, max, bi->bi_cmdline, sizeof(bi->bi_cmdline))) {
	case EFAULT:
		boot_warn(bd, "command line cannot be read");
		break;
	case ENAMETOOLONG:
		boot_warn(bd, "command line cut after %lu bytes",
		    sizeof(bi->bi_cmdline) - 1);
		break;
	default:
		break;
	}
}

void
boot_add_module(struct boot_decode *bd, paddr_t start, paddr_t end,
    paddr_t string, size_t max)
{
	struct bootinfo *bi = bd->bd_bi;
	struct boot_module *bm = &bi->bi_modules[bi->bi_nmodules];
	char *p;

	if (bi->bi_nmodules == BOOT_MODULES_MAX) {
		boot_warn(bd, "module at %#lx ignored: too many", start);
		return;
	}
	bi->bi_nmodules++;
	bm->bm_start = start;
	bm->bm_end = end;
	if (string == 0 ||
	    copy_string(bd, string, max, bm->bm_name, sizeof(bm->bm_name)) ==
		EFAULT)
		bm->bm_name[0] = '\0';
	p = strchr(bm->bm_name, ' ');
	if (p != NULL)
		*p = '\0';
}

static bool
module_in_ram(const struct bootinfo *bi, const struct boot_module *bm)
{
	for (int i = 0; i < bi->bi_nranges; i++) {
		const struct boot_range *br = &bi->bi_ranges[i];

		if (br->br_kind == BRK_RAM && br->br_start <= bm->bm_start &&
		    bm->bm_end <= br->br_end)
			return (true);
	}
	return (false);
}

/* Why module i cannot stay, or NULL; those before it stay. */
static const char *
module_fault(const struct bootinfo *bi, const struct boot_module *bm, int nkept)
{
	if (bm->bm_start >= bm->bm_end)
		return ("is empty");
	if (!module_in_ram(bi, bm))
		return ("is not in RAM");
	for (int i = 0; i < nkept; i++) {
		const struct boot_module *other = &bi->bi_modules[i];

		if (bm->bm_start < other->bm_end &&
		    other->bm_start < bm->bm_end)
			return ("overlaps another");
	}
	return (NULL);
}

static void
resolve_modules(struct boot_decode *bd)
{
	struct bootinfo *bi = bd->bd_bi;
	int nkept = 0;

	for (int i = 0; i < bi->bi_nmodules; i++) {
		struct boot_module bm = bi->bi_modules[i];
		const char *fault = module_fault(bi, &bm, nkept);

		if (fault == NULL)
			bi->bi_modules[nkept++] = bm;
		else
			boot_warn(bd, "module [%#lx, %#lx) %s, ignored",
			    bm.bm_start, bm.bm_end, fault);
	}
	bi->bi_nmodules = nkept;
}

static bool
has_ram(const struct bootinfo *bi)
{
	for (int i = 0; i < bi->bi_nranges; i++) {
		if (bi->bi_ranges[i].br_kind == BRK_RAM)
			return (true);
	}
	return (false);
}

/* qboot enters by PVH with multiboot's magic in EAX: its first word decides. */
static uint32_t
true_magic(struct boot_decode *bd, uint32_t magic, paddr_t info)
{
	uint32_t word;

	if (magic == BOOT_MAGIC_MB1 &&
	    boot_copy(bd, info, 0, &word, sizeof(word)) == 0 &&
	    word == BOOT_MAGIC_PVH)
		return (BOOT_MAGIC_PVH);
	return (magic);
}

int
bootinfo_decode(
    uint32_t magic, paddr_t info, phys_read_t read, struct bootinfo *bi)
{
	struct boot_decode bd = {.bd_read = read, .bd_bi = bi};
	int error = -1;

	memset(bi, 0, sizeof(*bi));
	bi->bi_protocol = "unknown";
	magic = true_magic(&bd, magic, info);
	for (size_t i = 0; i < nitems(protocols); i++) {
		if (protocols[i].p_magic == magic) {
			bi->bi_protocol = protocols[i].p_name;
			error = protocols[i].p_decode(&bd, info);
		}
	}
	if (error == -1)
		return (boot_fatal(&bd, "unknown boot protocol"));
	if (error != 0)
		return (error);
	resolve_ranges(&bd);
	resolve_modules(&bd);
	if (!has_ram(bi))
		return (boot_fatal(&bd, "the loader told of no usable memory"));
	return (0);
}
