/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space of devices that are as they should be, and of ones
 * that are not; then virtio's places in it.
 */
#include <dev/pci/pci_conf.h>
#include <dev/virtio/virtio_pci_layout.h>
#include "check.h"

#define FUNCS_MAX 16

/* A function: its bytes, and which bits of them a write changes. */
struct fake {
	uint8_t bus, slot, func;
	uint8_t bytes[256], mask[256];
};

static struct fake fakes[FUNCS_MAX];
static unsigned nfakes;
static bool noise; /* every read of a byte may be anything */
static uint64_t accesses;

static struct fake *
fake_at(uint8_t bus, uint8_t slot, uint8_t func)
{
	for (unsigned i = 0; i < nfakes; i++)
		if (fakes[i].bus == bus && fakes[i].slot == slot &&
		    fakes[i].func == func)
			return (&fakes[i]);
	return (NULL);
}

static uint32_t
fake_read(
    void *arg, uint8_t bus, uint8_t slot, uint8_t func, uint16_t off, int bytes)
{
	struct fake *f = fake_at(bus, slot, func);
	uint32_t v = 0;

	accesses++;
	CHECK(off % bytes == 0);
	CHECK(off + bytes <= PCI_CONF_BYTES);
	if (f == NULL)
		return (0xffffffff >> (32 - 8 * bytes));
	memcpy(&v, f->bytes + off, (size_t)bytes);
	if (noise && check_random() % 4 == 0)
		v = (uint32_t)check_random() >> (32 - 8 * bytes);
	return (v);
}

static void
fake_write(void *arg, uint8_t bus, uint8_t slot, uint8_t func, uint16_t off,
    int bytes, uint32_t value)
{
	struct fake *f = fake_at(bus, slot, func);

	accesses++;
	CHECK(off % bytes == 0);
	CHECK(off + bytes <= PCI_CONF_BYTES);
	for (int i = 0; f != NULL && i < bytes; i++) {
		uint8_t m = f->mask[off + i];

		f->bytes[off + i] = (uint8_t)((f->bytes[off + i] & ~m) |
		    (value >> (8 * i) & m));
	}
}

static const struct pci_conf_ops fake_ops = {
    .pco_read = fake_read,
    .pco_write = fake_write,
};

static void
put(struct fake *f, unsigned off, int bytes, uint64_t v)
{
	memcpy(f->bytes + off, &v, (size_t)bytes);
}

/* A new function with nothing but numbers and a command register. */
static struct fake *
fake_new(uint8_t bus, uint8_t slot, uint8_t func)
{
	struct fake *f = &fakes[nfakes++];

	CHECK(nfakes <= FUNCS_MAX);
	memset(f, 0, sizeof(*f));
	f->bus = bus;
	f->slot = slot;
	f->func = func;
	put(f, PCI_VENDOR, 2, VPCI_VENDOR);
	put(f, PCI_DEVICE, 2, VPCI_DEVICE_MODERN + 2);
	put(f, PCI_COMMAND, 2, PCI_CMD_IO | PCI_CMD_MEM);
	f->mask[PCI_COMMAND] = f->mask[PCI_COMMAND + 1] = 0xff;
	return (f);
}

static void
start(void)
{
	nfakes = 0;
	noise = false;
	accesses = 0;
}

/* Memory BAR i of size (a power of two) at base; flags: 64 bits. */
static void
bar_mem(struct fake *f, unsigned i, uint64_t base, uint64_t size, bool wide)
{
	unsigned off = PCI_BAR0 + 4 * i;
	uint64_t mask = ~(size - 1);

	put(f, off, wide ? 8 : 4, base | (wide ? PCI_BAR_TYPE_64 : 0));
	memcpy(f->mask + off, &mask, wide ? 8 : 4);
}

static int
decode(struct fake *f, struct pci_func *pf)
{
	struct pci_conf pc = {&fake_ops, NULL, f->bus, f->slot, f->func};

	return (pci_func_decode(&pc, pf));
}

/* What a decoded function promises (pci_conf.c). */
static void
promises(const struct pci_func *pf)
{
	CHECK(pf->pf_ncaps <= PCI_CAPS_MAX);
	for (unsigned i = 0; i < pf->pf_ncaps; i++) {
		CHECK(pf->pf_caps[i].pca_off >= PCI_CAPS_FIRST);
		CHECK(pf->pf_caps[i].pca_off % 4 == 0);
		for (unsigned j = 0; j < i; j++)
			CHECK(pf->pf_caps[i].pca_off != pf->pf_caps[j].pca_off);
	}
	for (unsigned i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *pb = &pf->pf_bars[i];

		if (pb->pb_kind == PCI_BAR_NONE)
			continue;
		CHECK(pb->pb_size > 0 && powerof2(pb->pb_size));
		CHECK(pb->pb_base % pb->pb_size == 0);
		CHECK(pb->pb_base + (pb->pb_size - 1) >= pb->pb_base);
	}
	if (pf->pf_msix.pm_entries > 0)
		CHECK(pci_func_range(pf, pf->pf_msix.pm_bar, pf->pf_msix.pm_off,
		    16UL * pf->pf_msix.pm_entries));
}

CASE(absent, "is nobody noticed as nobody?")
{
	struct pci_func pf;
	struct fake *f;

	start();
	f = fake_new(0, 1, 0);
	put(f, PCI_VENDOR, 2, 0xffff);
	EQ(decode(f, &pf), ENXIO);
	put(f, PCI_VENDOR, 2, 0);
	EQ(decode(f, &pf), ENXIO);
	memset(f->bytes, 0xff, sizeof(f->bytes));
	EQ(decode(f, &pf), ENXIO);
	put(f, PCI_VENDOR, 2, 0x8086); /* went away after its first word */
	EQ(decode(f, &pf), 0);
	TEXT(pf.pf_fault, "its header type is unknown");
	CHECK(!pf.pf_multi);
}

CASE(bars, "are sizes found, and are addresses left as they were?")
{
	struct pci_func pf;
	uint8_t before[256];
	struct fake *f;

	start();
	f = fake_new(0, 1, 0);
	bar_mem(f, 0, 0xfebf1000, 0x1000, false);
	bar_mem(f, 1, 0x123400000000, 0x4000, true);
	put(f, PCI_BAR0 + 12, 4, 0xc041);
	memset(f->mask + PCI_BAR0 + 12, 0xff, 2); /* upper half wired */
	f->mask[PCI_BAR0 + 12] = 0xc0;
	bar_mem(f, 4, 0, 0x40000000, true); /* nobody gave it an address */
	memcpy(before, f->bytes, sizeof(before));
	EQ(decode(f, &pf), 0);
	CHECK(pf.pf_fault == NULL);
	promises(&pf);
	EQ(memcmp(before, f->bytes, sizeof(before)), 0);
	EQ(pf.pf_bars[0].pb_kind, PCI_BAR_MEM);
	EQ(pf.pf_bars[0].pb_base, 0xfebf1000);
	EQ(pf.pf_bars[0].pb_size, 0x1000);
	EQ(pf.pf_bars[1].pb_base, 0x123400000000);
	EQ(pf.pf_bars[1].pb_size, 0x4000);
	EQ(pf.pf_bars[2].pb_kind, PCI_BAR_NONE);
	EQ(pf.pf_bars[3].pb_kind, PCI_BAR_IOPORTS);
	EQ(pf.pf_bars[3].pb_base, 0xc040);
	EQ(pf.pf_bars[3].pb_size, 0x40);
	EQ(pf.pf_bars[4].pb_base, 0);
	CHECK(!pci_func_range(&pf, 4, 0, 1));
	CHECK(!pci_func_range(&pf, 3, 0, 1));
	CHECK(!pci_func_range(&pf, 6, 0, 1));
	CHECK(pci_func_range(&pf, 0, 0, 0x1000));
	CHECK(pci_func_range(&pf, 0, 0x1000, 0));
	CHECK(!pci_func_range(&pf, 0, 0, 0x1001));
	CHECK(!pci_func_range(&pf, 0, 0x1001, 0));
	CHECK(!pci_func_range(&pf, 0, 1, UINT64_MAX));
	CHECK(!pci_func_range(&pf, 0, UINT64_MAX, 2));
}

CASE(bad_bars, "are impossible BARs left out with a word?")
{
	struct pci_func pf;
	struct fake *f;

	start();
	f = fake_new(0, 1, 0);
	bar_mem(f, 5, 0, 0x1000, false);
	put(f, PCI_BAR0 + 20, 4, PCI_BAR_TYPE_64);
	EQ(decode(f, &pf), 0);
	TEXT(pf.pf_fault, "a 64-bit BAR has no second half");
	f = fake_new(0, 2, 0);
	put(f, PCI_BAR0, 4, 0xffffffff);
	EQ(decode(f, &pf), 0);
	TEXT(pf.pf_fault, "a BAR reads as ones");
	f = fake_new(0, 3, 0);
	put(f, PCI_BAR0, 4, 0x1000);
	f->mask[PCI_BAR0 + 2] = 0xff; /* a hole in what can be set */
	f->mask[PCI_BAR0 + 1] = 0xf0;
	f->mask[PCI_BAR0 + 3] = 0x0f;
	EQ(decode(f, &pf), 0);
	TEXT(pf.pf_fault, "a BAR's size is no power of two");
	f = fake_new(0, 4, 0);
	put(f, PCI_BAR0, 4, 0x1000);
	memset(f->mask + PCI_BAR0 + 2, 0xff, 2); /* 64 KiB at 4 KiB */
	EQ(decode(f, &pf), 0);
	TEXT(pf.pf_fault, "a BAR's size is no power of two");
	EQ(pf.pf_bars[0].pb_kind, PCI_BAR_NONE);
	f = fake_new(0, 5, 0);
	put(f, PCI_BAR0, 4, 0x1000);
	f->mask[PCI_BAR0] = 1;
	EQ(decode(f, &pf), 0);
	TEXT(pf.pf_fault, "a BAR changes its kind");
}

/* A list of capabilities at 0x40, 0x44, ... that ends at end. */
static void
cap_list(struct fake *f, unsigned n, uint8_t end)
{
	put(f, PCI_STATUS, 2, PCI_STATUS_CAPS);
	put(f, PCI_CAPABILITY, 1, PCI_CAPS_FIRST);
	for (unsigned i = 0; i < n; i++) {
		put(f, PCI_CAPS_FIRST + 4 * i, 1, 0x20 + i);
		put(f, PCI_CAPS_FIRST + 4 * i + 1, 1,
		    i + 1 < n ? PCI_CAPS_FIRST + 4 * (i + 1) : end);
	}
}

CASE(caps, "is every capability found, and does each wrong list end?")
{
	struct pci_func pf;
	struct fake *f;
	unsigned at;

	start();
	f = fake_new(0, 1, 0);
	cap_list(f, PCI_CAPS_MAX, 0);
	EQ(decode(f, &pf), 0);
	EQ(pf.pf_ncaps, PCI_CAPS_MAX);
	CHECK(pf.pf_fault == NULL);
	at = 0;
	EQ(pci_func_cap(&pf, 0x23, &at), 0x4c);
	EQ(pci_func_cap(&pf, 0x23, &at), 0);
	for (unsigned n = 1; n <= PCI_CAPS_MAX; n++) {
		cap_list(f, n, PCI_CAPS_FIRST); /* round and round */
		EQ(decode(f, &pf), 0);
		EQ(pf.pf_ncaps, n);
		TEXT(pf.pf_fault, "its capability list has no end");
	}
	cap_list(f, 3, 0x10);
	EQ(decode(f, &pf), 0);
	EQ(pf.pf_ncaps, 3);
	TEXT(pf.pf_fault, "its capability list leads out of its place");
	cap_list(f, 3, 0xfc);
	put(f, 0xfc, 2, 0xffff);
	EQ(decode(f, &pf), 0);
	TEXT(pf.pf_fault, "its capability list reads as ones");
	put(f, PCI_STATUS, 2, 0); /* no list at all */
	EQ(decode(f, &pf), 0);
	EQ(pf.pf_ncaps, 0);
}

/* MSI-X of n entries at off of BAR bar. */
static void
msix(struct fake *f, unsigned n, unsigned bar, uint32_t off)
{
	put(f, PCI_STATUS, 2, PCI_STATUS_CAPS);
	put(f, PCI_CAPABILITY, 1, 0x50);
	put(f, 0x50, 2, PCI_CAP_MSIX);
	put(f, 0x52, 2, n - 1);
	put(f, 0x54, 4, off | bar);
}

CASE(msix_table, "is an MSI-X table used only where it lies in a BAR?")
{
	struct pci_func pf;
	struct fake *f;

	start();
	f = fake_new(0, 1, 0);
	bar_mem(f, 0, 0x10000, 0x1000, false);
	bar_mem(f, 1, 0, 0x1000, false);
	msix(f, 4, 0, 0x800);
	EQ(decode(f, &pf), 0);
	CHECK(pf.pf_fault == NULL);
	EQ(pf.pf_msix.pm_entries, 4);
	EQ(pf.pf_msix.pm_off, 0x800);
	msix(f, 256, 0, 0);
	EQ(decode(f, &pf), 0);
	EQ(pf.pf_msix.pm_entries, 256);
	msix(f, 257, 0, 0); /* one too many */
	EQ(decode(f, &pf), 0);
	EQ(pf.pf_msix.pm_entries, 0);
	TEXT(pf.pf_fault, "its MSI-X table is not in a BAR");
	for (unsigned bar = 1; bar < 8; bar++) {
		msix(f, 1, bar, 0);
		EQ(decode(f, &pf), 0);
		EQ(pf.pf_msix.pm_entries, 0);
	}
	msix(f, 1, 0, 0xfffffff8);
	EQ(decode(f, &pf), 0);
	EQ(pf.pf_msix.pm_entries, 0);
	msix(f, 1, 0, 0);
	put(f, PCI_CAPABILITY, 1, 0xfc);
	put(f, 0xfc, 2, PCI_CAP_MSIX);
	EQ(decode(f, &pf), 0);
	TEXT(pf.pf_fault, "its MSI-X capability is cut off");
}

static unsigned nfound;

static void
count(void *arg, const struct pci_func *pf)
{
	promises(pf);
	nfound++;
}

static void
bridge(struct fake *f, uint8_t secondary, uint8_t subordinate)
{
	put(f, PCI_REVISION + 3, 1, PCI_CLASS_BRIDGE);
	put(f, PCI_HEADER, 1, PCI_HEADER_BRIDGE);
	put(f, PCI_SECONDARY, 1, secondary);
	put(f, PCI_SUBORDINATE, 1, subordinate);
}

static unsigned
scan(void)
{
	struct pci_conf pc = {&fake_ops, NULL, 0, 0, 0};

	nfound = 0;
	pci_scan(&pc, 0, 255, count, NULL);
	CHECK(accesses < 3000000);
	return (nfound);
}

CASE(scan_functions, "are functions found where there are some?")
{
	start();
	EQ(scan(), 0);
	(void)fake_new(0, 0, 0);
	(void)fake_new(0, 31, 0);
	(void)fake_new(0, 31, 3); /* function 0 does not tell of it */
	EQ(scan(), 2);
	put(&fakes[1], PCI_HEADER, 1, PCI_HEADER_MULTI);
	EQ(scan(), 3);
	(void)fake_new(0, 5, 1); /* without a function 0 */
	EQ(scan(), 3);
}

CASE(scan_bridges, "do bridges lead on, and never round?")
{
	start();
	bridge(fake_new(0, 1, 0), 5, 9);
	bridge(fake_new(5, 1, 0), 9, 9);
	(void)fake_new(9, 1, 0);
	(void)fake_new(7, 1, 0); /* nobody leads there */
	EQ(scan(), 3);
	bridge(&fakes[1], 0, 9); /* back to the first bus */
	EQ(scan(), 2);
	bridge(&fakes[1], 5, 9); /* to itself */
	EQ(scan(), 2);
	bridge(&fakes[1], 9, 8);
	EQ(scan(), 2);
	bridge(&fakes[0], 0, 0); /* not set up */
	EQ(scan(), 1);
	start();
	for (uint8_t i = 0; i < 10; i++)
		bridge(fake_new(0, i, 0), 1, 255); /* all to the same bus */
	(void)fake_new(1, 0, 0);
	EQ(scan(), 11);
}

CASE(scan_anything, "does a bus where anything is answered stay harmless?")
{
	for (unsigned round = 0; round < 300; round++) {
		start();
		noise = check_random() % 2 == 0;
		for (unsigned i = 0; i < FUNCS_MAX; i++) {
			struct fake *f = fake_new((uint8_t)(check_random() % 4),
			    (uint8_t)(check_random() % 32),
			    (uint8_t)(check_random() % 8));

			for (unsigned j = 8; j < 256; j++) {
				f->bytes[j] = (uint8_t)check_random();
				f->mask[j] = (uint8_t)check_random();
			}
			if (check_random() % 4 != 0)
				f->bytes[PCI_HEADER] &= 0x81;
		}
		(void)scan();
	}
}

/* --- virtio ------------------------------------------------------------------- */

/* A virtio capability at cap. */
static void
vcap(struct fake *f, uint8_t cap, uint8_t next, uint8_t type, uint8_t bar,
    uint32_t off, uint32_t len)
{
	put(f, cap, 1, PCI_CAP_VENDOR);
	put(f, cap + 1, 1, next);
	put(f, cap + 2, 1, type == VPCI_NOTIFY ? 20 : 16);
	put(f, cap + 3, 1, type);
	put(f, cap + 4, 1, bar);
	put(f, cap + 8, 4, off);
	put(f, cap + 12, 4, len);
}

/* As QEMU has it. */
static struct fake *
virtio_device(void)
{
	struct fake *f = fake_new(0, 1, 0);

	bar_mem(f, 4, 0xfe000000, 0x4000, true);
	put(f, PCI_STATUS, 2, PCI_STATUS_CAPS);
	put(f, PCI_CAPABILITY, 1, 0x40);
	vcap(f, 0x40, 0x50, VPCI_COMMON, 4, 0, 0x1000);
	vcap(f, 0x50, 0x60, VPCI_ISR, 4, 0x1000, 0x1000);
	vcap(f, 0x60, 0x70, VPCI_CONFIG, 4, 0x2000, 0x1000);
	vcap(f, 0x70, 0x00, VPCI_NOTIFY, 4, 0x3000, 0x1000);
	put(f, 0x80, 4, 4);
	return (f);
}

static const char *
layout(struct fake *f, struct vpci_layout *vl)
{
	struct pci_func pf;
	const char *why = NULL;

	EQ(decode(f, &pf), 0);
	CHECK(vpci_probe(&pf));
	EQ(vpci_layout_decode(&pf, vl, &why), why == NULL ? 0 : EIO);
	return (why);
}

CASE(virtio_layout, "are virtio's registers found where they are?")
{
	struct vpci_layout vl;
	struct pci_func pf;
	struct fake *f;

	start();
	f = virtio_device();
	CHECK(layout(f, &vl) == NULL);
	EQ(vl.vl_ranges[VPCI_NOTIFY].vr_off, 0x3000);
	EQ(vl.vl_ranges[VPCI_CONFIG].vr_len, 0x1000);
	EQ(vl.vl_multiplier, 4);
	EQ(decode(f, &pf), 0);
	EQ(vpci_type(&pf), 2);
	put(f, PCI_DEVICE, 2, 0x1001);
	put(f, PCI_SUBDEVICE, 2, 4);
	EQ(decode(f, &pf), 0);
	EQ(vpci_type(&pf), 4);
	put(f, PCI_DEVICE, 2, 0x1080);
	EQ(decode(f, &pf), 0);
	CHECK(!vpci_probe(&pf));
}

CASE(virtio_first, "does the first capability that can be used count?")
{
	struct vpci_layout vl;
	struct fake *f;

	start();
	f = virtio_device();
	vcap(f, 0x40, 0xa0, VPCI_COMMON, 5, 0, 0x1000); /* no such BAR */
	vcap(f, 0xa0, 0xb0, VPCI_COMMON, 4, 0x800, 0x40);
	vcap(f, 0xb0, 0x50, VPCI_COMMON, 4, 0x900, 0x40);
	CHECK(layout(f, &vl) == NULL);
	EQ(vl.vl_ranges[VPCI_COMMON].vr_off, 0x800);
}

CASE(virtio_wrong, "are impossible places refused with a word?")
{
	static const char *const places =
	    "has its registers where they cannot be";
	static const uint32_t bad[][2] = {{0, 0x4001}, {0x4000, 56},
	    {0xffffffff, 56}, {0, 55}, {1, 56}, {0x3fe0, 56},
	    {0xfffffff0, 0xfffffff0}};
	struct vpci_layout vl;
	struct fake *f;

	start();
	f = virtio_device();
	for (size_t i = 0; i < nitems(bad); i++) {
		vcap(f, 0x40, 0x50, VPCI_COMMON, 4, bad[i][0], bad[i][1]);
		TEXT(layout(f, &vl), places);
	}
	for (uint8_t bar = 0; bar < 16; bar++) {
		vcap(f, 0x40, 0x50, VPCI_COMMON, bar, 0, 0x1000);
		CHECK((layout(f, &vl) == NULL) == (bar == 4));
	}
	vcap(f, 0x40, 0x50, VPCI_COMMON, 4, 0, 0x1000);
	put(f, 0x42, 1, 15);
	TEXT(layout(f, &vl), places);
	put(f, 0x42, 1, 16);
	put(f, 0x72, 1, 19);
	TEXT(layout(f, &vl), places);
	put(f, 0x72, 1, 20);
	put(f, 0x80, 4, 3);
	TEXT(layout(f, &vl), "has doorbells at odd places");
	put(f, PCI_STATUS, 2, 0);
	TEXT(layout(f, &vl), "is legacy only (no modern registers)");
}

CASE(virtio_anything, "do capabilities that say anything stay harmless?")
{
	for (unsigned round = 0; round < 20000; round++) {
		struct vpci_layout vl;
		struct pci_func pf;
		const char *why;
		struct fake *f;

		start();
		f = virtio_device();
		for (unsigned i = 0; i < 8; i++)
			f->bytes[0x40 + check_random() % 0x60] =
			    (uint8_t)check_random();
		noise = check_random() % 2 == 0;
		if (decode(f, &pf) != 0 ||
		    vpci_layout_decode(&pf, &vl, &why) != 0)
			continue;
		for (unsigned i = VPCI_COMMON; i < VPCI_PIECES; i++) {
			const struct vpci_range *vr = &vl.vl_ranges[i];

			CHECK(!vr->vr_there ||
			    pci_func_range(
				&pf, vr->vr_bar, vr->vr_off, vr->vr_len));
		}
	}
}
