/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of PCI configuration space; contract and types in pci_conf.h.
 *
 * A device may answer anything.  Invariants of a decoded function:
 * 1. pf_ncaps <= PCI_CAPS_MAX; each pca_off is in [0x40, 0xfc], a multiple of
 *    4, and no offset comes twice.
 * 2. A BAR that is not PCI_BAR_NONE has a size that is a power of two, and
 *    its base is a multiple of it, and base + size does not wrap.
 * 3. pf_msix.pm_entries > 0 only if the whole table lies in a memory BAR.
 * 4. A bridge's secondary bus is greater than its own, so that a scan that
 *    goes from lower to higher buses ends, whatever the bridges say.
 */
#include <sys/systm.h>
#include <dev/pci/pci_conf.h>

static void
fault(struct pci_func *pf, const char *what)
{
	if (pf->pf_fault == NULL)
		pf->pf_fault = what;
}

/* --- capabilities ------------------------------------------------------------ */

static bool
cap_seen(const struct pci_func *pf, uint8_t off)
{
	for (unsigned i = 0; i < pf->pf_ncaps; i++)
		if (pf->pf_caps[i].pca_off == off)
			return (true);
	return (false);
}

/* The first of the list, or of what is left of it after a wrong link. */
static void
decode_caps(struct pci_func *pf)
{
	const struct pci_conf *pc = &pf->pf_conf;
	uint8_t off;

	if ((pci_conf_read(pc, PCI_STATUS, 2) & PCI_STATUS_CAPS) == 0)
		return;
	off = (uint8_t)pci_conf_read(pc, PCI_CAPABILITY, 1) & ~3;
	while (off != 0) {
		uint16_t head;

		if (off < PCI_CAPS_FIRST) {
			fault(pf, "its capability list leads out of its place");
			return;
		}
		if (cap_seen(pf, off)) {
			fault(pf, "its capability list has no end");
			return;
		}
		head = (uint16_t)pci_conf_read(pc, off, 2);
		if (head == 0xffff) {
			fault(pf, "its capability list reads as ones");
			return;
		}
		pf->pf_caps[pf->pf_ncaps].pca_id = (uint8_t)head;
		pf->pf_caps[pf->pf_ncaps++].pca_off = off;
		off = (head >> 8) & ~3;
	}
}

uint8_t
pci_func_cap(const struct pci_func *pf, uint8_t id, unsigned *ip)
{
	for (unsigned i = *ip; i < pf->pf_ncaps; i++) {
		if (pf->pf_caps[i].pca_id == id) {
			*ip = i + 1;
			return (pf->pf_caps[i].pca_off);
		}
	}
	return (0);
}

/* --- base addresses ------------------------------------------------------------ */

/* The register's value, and in *maskp what it keeps of ones. */
static uint32_t
bar_probe(const struct pci_conf *pc, unsigned i, uint32_t *maskp)
{
	uint16_t off = (uint16_t)(PCI_BAR0 + 4 * i);
	uint32_t old = pci_conf_read(pc, off, 4);

	pci_conf_write(pc, off, 4, 0xffffffff);
	*maskp = pci_conf_read(pc, off, 4);
	pci_conf_write(pc, off, 4, old);
	return (old);
}

/* mask: the address bits that can be set, upper ones filled up. */
static void
bar_set(struct pci_func *pf, struct pci_bar *pb, enum pci_bar_kind kind,
    uint64_t base, uint64_t mask)
{
	uint64_t size = ~mask + 1;

	if (!powerof2(size) || size == 0) {
		fault(pf, "a BAR's size is no power of two");
	} else if ((base & (size - 1)) != 0 || base + (size - 1) < base) {
		fault(pf, "a BAR's address does not fit its size");
	} else {
		pb->pb_kind = kind;
		pb->pb_base = base;
		pb->pb_size = size;
	}
}

static void
bar_set_io(struct pci_func *pf, struct pci_bar *pb, uint32_t old, uint32_t mask)
{
	/* Ports have 16 bits; the upper half may be wired to 0. */
	bar_set(pf, pb, PCI_BAR_IOPORTS, old & 0xfffc,
	    (mask & 0xfffc) | ~(uint64_t)0xffff);
}

static void
bar_set_mem(struct pci_func *pf, unsigned i, uint32_t old, uint32_t mask)
{
	uint64_t base = old & ~PCI_BAR_MEM_FLAGS;
	uint64_t bits = mask & ~PCI_BAR_MEM_FLAGS;

	if ((mask & PCI_BAR_TYPE) == PCI_BAR_TYPE_64) {
		uint32_t high;

		base |= (uint64_t)bar_probe(&pf->pf_conf, i + 1, &high) << 32;
		bits |= (uint64_t)high << 32;
	} else {
		bits |= ~(uint64_t)0xffffffff;
	}
	if (base == 0 && bits == 0)
		return;
	bar_set(pf, &pf->pf_bars[i], PCI_BAR_MEM, base, bits);
}

/* Decode BAR i of n; how many registers it takes. */
static unsigned
decode_bar(struct pci_func *pf, unsigned i, unsigned n)
{
	uint32_t mask, old = bar_probe(&pf->pf_conf, i, &mask);

	if (mask == 0)
		return (1);
	if (old == 0xffffffff) {
		fault(pf, "a BAR reads as ones");
		return (1);
	}
	if ((mask & PCI_BAR_IO) != (old & PCI_BAR_IO)) {
		fault(pf, "a BAR changes its kind");
		return (1);
	}
	if ((mask & PCI_BAR_IO) != 0) {
		bar_set_io(pf, &pf->pf_bars[i], old, mask);
		return (1);
	}
	if ((mask & PCI_BAR_TYPE) == PCI_BAR_TYPE_64 && i + 1 == n) {
		fault(pf, "a 64-bit BAR has no second half");
		return (1);
	}
	bar_set_mem(pf, i, old, mask);
	return ((mask & PCI_BAR_TYPE) == PCI_BAR_TYPE_64 ? 2 : 1);
}

/* What a BAR decodes must not answer while it holds ones. */
static void
decode_bars(struct pci_func *pf)
{
	unsigned n = pf->pf_header == PCI_HEADER_DEVICE ? PCI_BARS : 2;
	const struct pci_conf *pc = &pf->pf_conf;
	uint16_t command;

	if (pf->pf_class == PCI_CLASS_BRIDGE)
		return;
	command = (uint16_t)pci_conf_read(pc, PCI_COMMAND, 2);
	pci_conf_write(
	    pc, PCI_COMMAND, 2, command & ~(PCI_CMD_IO | PCI_CMD_MEM));
	for (unsigned i = 0; i < n;)
		i += decode_bar(pf, i, n);
	pci_conf_write(pc, PCI_COMMAND, 2, command);
}

bool
pci_func_range(
    const struct pci_func *pf, unsigned bar, uint64_t off, uint64_t len)
{
	const struct pci_bar *pb;

	if (bar >= PCI_BARS)
		return (false);
	pb = &pf->pf_bars[bar];
	return (pb->pb_kind == PCI_BAR_MEM && pb->pb_base != 0 &&
	    off <= pb->pb_size && len <= pb->pb_size - off);
}

/* --- functions ------------------------------------------------------------------ */

static void
decode_msix(struct pci_func *pf)
{
	const struct pci_conf *pc = &pf->pf_conf;
	unsigned at = 0, entries, bar;
	uint8_t cap = pci_func_cap(pf, PCI_CAP_MSIX, &at);
	uint32_t table;

	if (cap == 0 || pf->pf_class == PCI_CLASS_BRIDGE)
		return;
	if (cap + PCI_MSIX_CAP_BYTES > PCI_CONF_BYTES) {
		fault(pf, "its MSI-X capability is cut off");
		return;
	}
	entries =
	    (pci_conf_read(pc, cap + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENTRIES) +
	    1;
	table = pci_conf_read(pc, cap + PCI_MSIX_TABLE, 4);
	bar = table & PCI_MSIX_BAR;
	table &= ~PCI_MSIX_BAR;
	if (!pci_func_range(
		pf, bar, table, (uint64_t)entries * PCI_MSIX_ENTRY_BYTES)) {
		fault(pf, "its MSI-X table is not in a BAR");
		return;
	}
	pf->pf_msix.pm_cap = cap;
	pf->pf_msix.pm_bar = (uint8_t)bar;
	pf->pf_msix.pm_off = table;
	pf->pf_msix.pm_entries = (uint16_t)entries;
}

static void
decode_bridge(struct pci_func *pf)
{
	const struct pci_conf *pc = &pf->pf_conf;

	pf->pf_secondary = (uint8_t)pci_conf_read(pc, PCI_SECONDARY, 1);
	pf->pf_subordinate = (uint8_t)pci_conf_read(pc, PCI_SUBORDINATE, 1);
}

static void
decode_device(struct pci_func *pf)
{
	const struct pci_conf *pc = &pf->pf_conf;

	pf->pf_subvendor = (uint16_t)pci_conf_read(pc, PCI_SUBVENDOR, 2);
	pf->pf_subdevice = (uint16_t)pci_conf_read(pc, PCI_SUBDEVICE, 2);
}

int
pci_func_decode(const struct pci_conf *pc, struct pci_func *pf)
{
	uint32_t class;
	uint8_t header;

	memset(pf, 0, sizeof(*pf));
	pf->pf_conf = *pc;
	pf->pf_vendor = (uint16_t)pci_conf_read(pc, PCI_VENDOR, 2);
	/* Zero, too, is nobody's number: a bus that answers late. */
	if (pf->pf_vendor == PCI_VENDOR_ABSENT || pf->pf_vendor == 0)
		return (ENXIO);
	header = (uint8_t)pci_conf_read(pc, PCI_HEADER, 1);
	pf->pf_device = (uint16_t)pci_conf_read(pc, PCI_DEVICE, 2);
	class = pci_conf_read(pc, PCI_REVISION, 4);
	pf->pf_revision = (uint8_t) class;
	pf->pf_progif = (uint8_t)(class >> 8);
	pf->pf_subclass = (uint8_t)(class >> 16);
	pf->pf_class = (uint8_t)(class >> 24);
	pf->pf_header = header & PCI_HEADER_TYPE;
	pf->pf_multi = header != 0xff && (header & PCI_HEADER_MULTI) != 0;
	if (pf->pf_header > PCI_HEADER_BRIDGE) {
		fault(pf, "its header type is unknown");
		return (0);
	}
	pf->pf_intr_line = (uint8_t)pci_conf_read(pc, PCI_INTR_LINE, 1);
	pf->pf_intr_pin = (uint8_t)pci_conf_read(pc, PCI_INTR_PIN, 1);
	if (pf->pf_header == PCI_HEADER_BRIDGE)
		decode_bridge(pf);
	else
		decode_device(pf);
	decode_caps(pf);
	decode_bars(pf);
	decode_msix(pf);
	return (0);
}

/* --- buses ------------------------------------------------------------------------ */

struct scan {
	struct pci_conf sc_conf;
	uint8_t sc_last;
	uint64_t sc_buses[4]; /* a bit for each bus that was led to */
	void (*sc_found)(void *arg, const struct pci_func *pf);
	void *sc_arg;
};

static void
scan_bridge(struct scan *sc, struct pci_func *pf)
{
	unsigned bus = pf->pf_secondary;

	if (bus == 0 && pf->pf_subordinate == 0)
		return; /* not set up: nothing is reached through it */
	if (bus <= sc->sc_conf.pc_bus || bus > sc->sc_last ||
	    pf->pf_subordinate < bus)
		fault(pf, "the bus behind it cannot be");
	else if ((sc->sc_buses[bus / 64] >> (bus % 64) & 1) != 0)
		fault(pf, "the bus behind it is behind another bridge, too");
	else
		sc->sc_buses[bus / 64] |= (uint64_t)1 << (bus % 64);
}

/* One function; true if there may be more in its slot. */
static bool
scan_func(struct scan *sc)
{
	struct pci_func pf;

	if (pci_func_decode(&sc->sc_conf, &pf) != 0)
		return (sc->sc_conf.pc_func != 0);
	if (pf.pf_header == PCI_HEADER_BRIDGE)
		scan_bridge(sc, &pf);
	sc->sc_found(sc->sc_arg, &pf);
	return (sc->sc_conf.pc_func != 0 || pf.pf_multi);
}

static void
scan_bus(struct scan *sc, uint8_t bus)
{
	struct pci_conf *pc = &sc->sc_conf;

	pc->pc_bus = bus;
	for (pc->pc_slot = 0; pc->pc_slot < PCI_SLOTS; pc->pc_slot++) {
		pc->pc_func = 0;
		while (pc->pc_func < PCI_FUNCS && scan_func(sc))
			pc->pc_func++;
	}
}

void
pci_scan(const struct pci_conf *pc, uint8_t first, uint8_t last,
    void (*found)(void *arg, const struct pci_func *pf), void *arg)
{
	struct scan sc = {
	    .sc_conf = *pc, .sc_last = last, .sc_found = found, .sc_arg = arg};

	sc.sc_buses[first / 64] |= (uint64_t)1 << (first % 64);
	for (unsigned bus = first; bus <= last; bus++)
		if ((sc.sc_buses[bus / 64] >> (bus % 64) & 1) != 0)
			scan_bus(&sc, (uint8_t)bus);
}
