/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console on the first serial port: a 16550 at 0x3f8, 115200 8n1.
 *
 * Output waits for the transmitter, byte by byte, in any context; one that takes
 * nothing for PATIENCE loses what is written until it is ready again, for a
 * kernel must be able to panic without a reader.  Input comes
 * by interrupt (ISA line 4) once the kernel runs; what the console has no room
 * for stays in the chip's queue, where the other side's flow control sees it.
 * The launcher tells a new size of its terminal within the input: Ctrl-] w ROWS ;
 * COLS and a full stop.
 * The debugger reads by itself (console_poll).  A port that is not there (the
 * scratch register does not keep a value) takes output and gives nothing.
 */
#include <sys/systm.h>
#include <sys/boot.h>
#include <sys/console.h>
#include <sys/intr.h>
#include <cpu/cycles.h>
#include <cpu/io.h>
#include "pc_var.h"

#define COM	 0x3f8
#define R_DATA	 (COM + 0)
#define R_IER	 (COM + 1)
#define R_FCR	 (COM + 2)
#define R_LCR	 (COM + 3)
#define R_MCR	 (COM + 4)
#define R_LSR	 (COM + 5)
#define R_SCR	 (COM + 7)
#define IER_RX	 0x01
#define LCR_8N1	 0x03
#define LCR_DLAB 0x80
#define FCR_ON	 0xc7 /* enable, clear both queues; trigger at 14 bytes */
#define MCR_ON	 0x0b /* DTR RTS OUT2 */
#define LSR_DATA 0x01
#define LSR_IDLE 0x20
#define ISA_IRQ	 4
#define ESCAPE	 0x1d		/* Ctrl-] */
#define PATIENCE 30000000000ULL /* cycles: some ten seconds */

static bool present;
static volatile bool stuck; /* the transmitter took nothing for PATIENCE */
static bool refused;	    /* (CPU 0) the console had no room */
static uint8_t held[16];    /* (CPU 0) what it had no room for */
static size_t nheld;
static uint8_t size_seen;    /* (CPU 0) bytes of a size so far; 1: Ctrl-] */
static uint16_t size_new[2]; /* (CPU 0) */
static uint16_t console_cells[2]; /* rows, columns; 0: not told */

void
serial_init(void)
{
	io_out8(R_SCR, 0x5a);
	if (io_in8(R_SCR) != 0x5a)
		return;
	io_out8(R_IER, 0);
	io_out8(R_LCR, LCR_DLAB);
	io_out8(R_DATA, 1); /* 115200 */
	io_out8(R_IER, 0);
	io_out8(R_LCR, LCR_8N1);
	io_out8(R_FCR, FCR_ON);
	io_out8(R_MCR, MCR_ON);
	present = true;
}

/* Whether the transmitter takes a byte. */
static bool
writable(void)
{
	uint64_t start = cpu_cycles();

	while ((io_in8(R_LSR) & LSR_IDLE) == 0) {
		if (stuck || cpu_cycles() - start > PATIENCE) {
			stuck = true;
			return (false);
		}
		__asm__ volatile("pause");
	}
	stuck = false;
	return (true);
}

void
console_write(const void *buf, size_t len)
{
	const uint8_t *p = buf;

	for (; present && len > 0 && writable(); len--)
		io_out8(R_DATA, *p++);
}

int
console_poll(void)
{
	if (!present)
		return (-1);
	while ((io_in8(R_LSR) & LSR_DATA) == 0)
		__asm__ volatile("pause");
	return (io_in8(R_DATA));
}

/* A byte within a size that began; false if it is none after all. */
static bool
take_size(uint8_t c)
{
	uint16_t *cells = &size_new[size_seen == 3];

	if (size_seen == 1 && c == 'w') {
		size_seen = 2;
		size_new[0] = size_new[1] = 0;
	} else if (size_seen == 2 && c == ';') {
		size_seen = 3;
	} else if (size_seen == 3 && c == '.') {
		size_seen = 0;
		memcpy(console_cells, size_new, sizeof(console_cells));
		console_resized();
	} else if (size_seen >= 2 && c >= '0' && c <= '9' && *cells < 1000) {
		*cells = (uint16_t)(*cells * 10 + c - '0');
	} else {
		size_seen = 0;
		return (false);
	}
	return (true);
}

/* On CPU 0: a byte came; there is room for two. */
static void
take_byte(uint8_t c)
{
	bool began = size_seen == 1;

	if (size_seen != 0 && take_size(c))
		return;
	if (began)
		held[nheld++] = ESCAPE;
	if (c == ESCAPE)
		size_seen = 1;
	else
		held[nheld++] = c;
}

/* On CPU 0: move bytes to the console until it has no room. */
static void
receive(void *arg __unused)
{
	while (!refused) {
		while (
		    nheld < sizeof(held) - 1 && (io_in8(R_LSR) & LSR_DATA) != 0)
			take_byte(io_in8(R_DATA));
		if (nheld == 0)
			break;
		if (console_input_all(held, nheld))
			nheld = 0;
		else
			refused = true;
	}
	/* Without the enable bit the line falls; with it new data raises it. */
	io_out8(R_IER, refused ? 0 : IER_RX);
}

static void
wanted(void *arg)
{
	refused = false;
	receive(arg);
}

void
console_wanted(void)
{
	ipi_send(cpus[0], wanted, NULL);
}

static uint16_t
size_option(const char *key)
{
	const char *v = boot_option(key);
	uint64_t n;

	return (v != NULL && kstrtou64(v, 10, &n) == 0 && n < 10000
		? (uint16_t)n
		: 0);
}

/* A serial line does not tell; the launcher does, at first by options. */
void
console_size(uint16_t *rowsp, uint16_t *colsp)
{
	*rowsp = console_cells[0];
	*colsp = console_cells[1];
	if (*rowsp == 0) {
		*rowsp = size_option("console.rows");
		*colsp = size_option("console.cols");
	}
}

static void
serial_start(void)
{
	uint32_t gsi = ISA_IRQ;
	bool level = false, low = false;
	struct intr *intr;
	int error;

	if (!present)
		return;
	for (int i = 0; i < pc_acpi.acpi_nisos; i++)
		if (pc_acpi.acpi_isos[i].as_irq == ISA_IRQ) {
			gsi = pc_acpi.acpi_isos[i].as_gsi;
			level = pc_acpi.acpi_isos[i].as_level;
			low = pc_acpi.acpi_isos[i].as_low;
		}
	error =
	    intr_line_create(gsi, level, low, receive, NULL, "serial", &intr);
	if (error != 0) {
		kprintf("serial: no interrupt line %u (error %d); the console "
			"takes no input\n",
		    gsi, error);
		return;
	}
	wanted(NULL);
	launcher_ready();
	console_resized();
}
SYSINIT(pc_serial, SI_INIT - 1, serial_start);
