/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's static tables: the way to them.
 *
 * 1. RSDP.  From the boot loader (an address or a copy), else searched on
 *    16-byte boundaries in the first KiB of the EBDA and in 0xe0000..0x100000.
 *    It names the root table: XSDT if it is good, else RSDT.
 * 2. The root names the tables.  Their signatures are gathered first, then
 *    each known one is decoded in the order of the list below, which has the
 *    APIC before the SRAT: the latter gives domains to the former's CPUs.
 * 3. Trust.  Length, then readability, then sum; a table that fails is left
 *    out with one warning.  What a good sum covers may still be nonsense, so
 *    the decoders bound every offset.  The first good table of a signature
 *    counts; of SSDTs all.
 * 4. The AML in DSDT and SSDT is not interpreted; acpi_aml.c looks for the one
 *    constant that power off needs.
 */
#include <sys/systm.h>
#include "acpi_var.h"

#define BIOS_START   0xe0000
#define BIOS_END     0x100000
#define EBDA_POINTER 0x40e /* u16: segment */
#define EBDA_LEN     1024
#define LOW_END	     0xa0000

static const struct {
	char h_signature[5];
	bool h_every; /* decode each, not only the first */
	uint32_t h_min;
	void (*h_decode)(struct acpi_decode *ad, const struct acpi_table *at);
} handlers[] = {
    {"APIC", false, sizeof(struct acpi_madt), acpi_decode_madt},
    {"SRAT", false, SRAT_ENTRIES, acpi_decode_srat},
    {"SLIT", false, SLIT_MATRIX, acpi_decode_slit},
    {"HPET", false, sizeof(struct acpi_hpet), acpi_decode_hpet},
    {"MCFG", false, MCFG_ENTRIES, acpi_decode_mcfg},
    {"FACP", false, FADT_MIN, acpi_decode_fadt},
    {"SSDT", true, sizeof(struct acpi_header), acpi_decode_ssdt},
};

struct root_entry {
	char re_signature[5];
	paddr_t re_pa;
};

void
acpi_warn(struct acpi_decode *ad, const char *fmt, ...)
{
	struct acpi_info *ai = ad->ad_ai;
	va_list ap;

	if (ai->acpi_nwarnings == nitems(ai->acpi_warnings))
		return;
	va_start(ap, fmt);
	kvsnprintf(ai->acpi_warnings[ai->acpi_nwarnings++],
	    sizeof(ai->acpi_warnings[0]), fmt, ap);
	va_end(ap);
}

static const void *
acpi_read(struct acpi_decode *ad, paddr_t pa, size_t len)
{
	return (len > UINT64_MAX - pa ? NULL : ad->ad_read(pa, len));
}

int
acpi_copy(struct acpi_decode *ad, paddr_t pa, void *buf, size_t len)
{
	const void *p = acpi_read(ad, pa, len);

	if (p == NULL)
		return (EFAULT);
	memcpy(buf, p, len);
	return (0);
}

static bool
sum_is_good(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += p[i];
	return (sum == 0);
}

int
acpi_read_table(struct acpi_decode *ad, paddr_t pa, const char *signature,
    uint32_t min, struct acpi_table *at)
{
	struct acpi_header ah;

	if (acpi_copy(ad, pa, &ah, sizeof(ah)) != 0) {
		acpi_warn(ad, "%s at %#lx cannot be read", signature, pa);
		return (EINVAL);
	}
	if (memcmp(ah.ah_signature, signature, sizeof(ah.ah_signature)) != 0) {
		acpi_warn(ad, "no %s at %#lx", signature, pa);
		return (EINVAL);
	}
	if (ah.ah_length < min || ah.ah_length > ACPI_TABLE_MAX) {
		acpi_warn(
		    ad, "%s ignored: wrong length %u", signature, ah.ah_length);
		return (EINVAL);
	}
	at->at_length = ah.ah_length;
	at->at_bytes = acpi_read(ad, pa, at->at_length);
	if (at->at_bytes == NULL) {
		acpi_warn(ad, "%s ignored: its %u bytes cannot be read",
		    signature, at->at_length);
		return (EINVAL);
	}
	if (!sum_is_good(at->at_bytes, at->at_length)) {
		acpi_warn(ad, "%s ignored: wrong sum", signature);
		return (EINVAL);
	}
	return (0);
}

struct acpi_reg
acpi_reg_of(const struct acpi_gas *ga)
{
	if (ga->ga_space != ACPI_SPACE_MEM &&
	    (ga->ga_space != ACPI_SPACE_IO || ga->ga_addr > UINT16_MAX))
		return ((struct acpi_reg){0});
	return ((struct acpi_reg){ga->ga_space, ga->ga_bits, ga->ga_addr});
}

bool
acpi_next_entry(struct acpi_decode *ad, const struct acpi_table *at,
    const uint8_t *sizes, size_t nsizes, uint32_t *offp, void *buf, size_t size)
{
	struct acpi_entry ae;

	while (*offp < at->at_length) {
		const uint8_t *p = at->at_bytes + *offp;
		uint32_t left = at->at_length - *offp;

		if (left < sizeof(ae))
			break;
		memcpy(&ae, p, sizeof(ae));
		if (ae.ae_length < sizeof(ae) || ae.ae_length > left)
			break;
		*offp += ae.ae_length;
		if (ae.ae_type >= nsizes || sizes[ae.ae_type] == 0)
			continue;
		if (ae.ae_length < sizes[ae.ae_type]) {
			acpi_warn(ad, "%.4s: an entry of type %u is too short",
			    (const char *)at->at_bytes, ae.ae_type);
			continue;
		}
		memcpy(buf, p, MIN((size_t)ae.ae_length, size));
		return (true);
	}
	if (*offp < at->at_length) {
		acpi_warn(ad, "%.4s: damaged at offset %u, rest ignored",
		    (const char *)at->at_bytes, *offp);
		*offp = at->at_length;
	}
	return (false);
}

/* Is this an RSDP?  Revision 0 in *rp if only its first part is good. */
static bool
rsdp_is_good(struct acpi_decode *ad, struct acpi_rsdp *rp, size_t have)
{
	if (memcmp(rp->rp_signature, "RSD PTR ", 8) != 0 ||
	    !sum_is_good((const uint8_t *)rp, RSDP_V1_SIZE))
		return (false);
	if (rp->rp_revision < 2 || have < sizeof(*rp)) {
		rp->rp_revision = 0;
	} else if (rp->rp_length < sizeof(*rp) ||
	    !sum_is_good((const uint8_t *)rp, sizeof(*rp))) {
		acpi_warn(ad, "RSDP: second half damaged, XSDT unknown");
		rp->rp_revision = 0;
	}
	return (true);
}

static bool
rsdp_read(struct acpi_decode *ad, paddr_t pa, struct acpi_rsdp *rp)
{
	size_t have = sizeof(*rp);

	memset(rp, 0, sizeof(*rp));
	/* First what most addresses of a search lack. */
	if (acpi_copy(ad, pa, rp, RSDP_V1_SIZE) != 0 ||
	    memcmp(rp->rp_signature, "RSD PTR ", 8) != 0)
		return (false);
	if (acpi_copy(ad, pa, rp, have) != 0)
		have = RSDP_V1_SIZE;
	return (rsdp_is_good(ad, rp, have));
}

static bool
rsdp_search_range(
    struct acpi_decode *ad, paddr_t start, paddr_t end, struct acpi_rsdp *rp)
{
	for (paddr_t pa = start; pa + RSDP_V1_SIZE <= end; pa += 16) {
		if (rsdp_read(ad, pa, rp))
			return (true);
	}
	return (false);
}

static bool
rsdp_search(struct acpi_decode *ad, struct acpi_rsdp *rp)
{
	uint16_t segment;
	paddr_t ebda;

	if (acpi_copy(ad, EBDA_POINTER, &segment, sizeof(segment)) == 0) {
		ebda = (paddr_t)segment << 4;
		if (ebda >= 0x400 && ebda <= LOW_END - EBDA_LEN &&
		    rsdp_search_range(ad, ebda, ebda + EBDA_LEN, rp))
			return (true);
	}
	return (rsdp_search_range(ad, BIOS_START, BIOS_END, rp));
}

/* The root's entries into re.  How many, or -1: the root is not good. */
static int
root_entries(struct acpi_decode *ad, paddr_t root, const char *signature,
    size_t size, struct root_entry *re)
{
	struct acpi_table at;
	uint32_t total;
	int n = 0;

	if (acpi_read_table(
		ad, root, signature, sizeof(struct acpi_header), &at) != 0)
		return (-1);
	total = (at.at_length - (uint32_t)sizeof(struct acpi_header)) /
	    (uint32_t)size;
	if (total > ACPI_ROOT_MAX) {
		acpi_warn(ad, "%s: %u tables, only the first %d are used",
		    signature, total, ACPI_ROOT_MAX);
		total = ACPI_ROOT_MAX;
	}
	for (uint32_t i = 0; i < total; i++, re++) {
		paddr_t pa = 0;

		/* The table read above may be gone: ask again. */
		if (acpi_copy(ad, root + sizeof(struct acpi_header) + i * size,
			&pa, size) != 0)
			break;
		memset(re, 0, sizeof(*re));
		re->re_pa = pa;
		if (pa != 0 && acpi_copy(ad, pa, re->re_signature, 4) != 0)
			acpi_warn(ad, "%s: table %u at %#lx cannot be read",
			    signature, i, pa);
		n++;
	}
	return (n);
}

static void
decode_tables(struct acpi_decode *ad, const struct root_entry *re, int n)
{
	for (size_t h = 0; h < nitems(handlers); h++) {
		for (int i = 0; i < n; i++) {
			struct acpi_table at;

			if (strcmp(re[i].re_signature,
				handlers[h].h_signature) != 0 ||
			    acpi_read_table(ad, re[i].re_pa,
				handlers[h].h_signature, handlers[h].h_min,
				&at) != 0)
				continue;
			handlers[h].h_decode(ad, &at);
			if (!handlers[h].h_every)
				break;
		}
	}
}

static int
decode_root(struct acpi_decode *ad, const struct acpi_rsdp *rp)
{
	struct root_entry re[ACPI_ROOT_MAX];
	int n = -1;

	if (rp->rp_revision >= 2 && rp->rp_xsdt != 0)
		n = root_entries(ad, rp->rp_xsdt, "XSDT", sizeof(uint64_t), re);
	if (n == -1 && rp->rp_rsdt != 0)
		n = root_entries(ad, rp->rp_rsdt, "RSDT", sizeof(uint32_t), re);
	if (n == -1) {
		acpi_warn(ad, "RSDP names no usable root table");
		return (EINVAL);
	}
	ad->ad_ai->acpi_present = true;
	decode_tables(ad, re, n);
	return (0);
}

static void
info_init(struct acpi_info *ai)
{
	memset(ai, 0, sizeof(*ai));
	ai->acpi_ndomains = 1;
	for (int i = 0; i < ACPI_DOMAINS_MAX; i++) {
		for (int j = 0; j < ACPI_DOMAINS_MAX; j++)
			ai->acpi_distance[i][j] = i == j ? 10 : 20;
	}
}

int
acpi_decode(paddr_t rsdp, phys_read_t read, struct acpi_info *ai)
{
	struct acpi_decode ad = {read, ai};
	struct acpi_rsdp rp;

	info_init(ai);
	if (rsdp == 0 || !rsdp_read(&ad, rsdp, &rp)) {
		if (rsdp != 0)
			acpi_warn(&ad, "no RSDP at %#lx, searching", rsdp);
		if (!rsdp_search(&ad, &rp))
			return (ENOENT);
	}
	return (decode_root(&ad, &rp));
}

int
acpi_decode_boot(
    const struct bootinfo *bi, phys_read_t read, struct acpi_info *ai)
{
	struct acpi_decode ad = {read, ai};
	struct acpi_rsdp rp = {0};

	if (bi->bi_rsdp_len < RSDP_V1_SIZE || bi->bi_rsdp_len > sizeof(rp))
		return (acpi_decode(bi->bi_rsdp, read, ai));
	info_init(ai);
	memcpy(&rp, bi->bi_rsdp_copy, bi->bi_rsdp_len);
	if (!rsdp_is_good(&ad, &rp, bi->bi_rsdp_len))
		return (acpi_decode(bi->bi_rsdp, read, ai));
	return (decode_root(&ad, &rp));
}
