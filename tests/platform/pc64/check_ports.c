/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.c and power.c on the host, with ports and device memory played here.
 *
 *	check_ports rtc-decode SEC MIN HOUR DAY MONTH YEAR CENTURY FORMAT
 *	check_ports rtc-days		every day of 1970..2200 in each format
 *	check_ports rtc-torn		a new year at every moment of reading
 *	check_ports rtc-device absent|stuck|restless|slow
 *	check_ports power off|reset [WORD...]
 *		words name what the firmware told; prints what was written
 */
#include <sys/systm.h>
#include <sys/intr.h>
#include <cpu/io.h>
#include <cpu/reset.h>
#include "platform/pc64/acpi/acpi.h"
#include "platform/pc64/power.h"
#include "platform/pc64/rtc.h"
#include "check_host.h"

uint64_t cpu_cycles(void);

/* --- the clock --------------------------------------------------------------- */

enum rtc_play {
	PLAY_ABSENT,
	PLAY_STUCK,    /* UIP never falls */
	PLAY_RESTLESS, /* other numbers at each reading */
	PLAY_SLOW,     /* UIP falls after a while */
	PLAY_TORN      /* moves on at access torn_at, without a warning */
};

static enum rtc_play play;
static uint8_t cmos[128], cmos_next[128];
static uint8_t cmos_index;
static int accesses, torn_at;

static uint8_t
rtc_in(void)
{
	accesses++;
	if (play == PLAY_ABSENT)
		return (0xff);
	if (play == PLAY_TORN && accesses == torn_at)
		memcpy(cmos, cmos_next, sizeof(cmos));
	if (cmos_index == 10 &&
	    (play == PLAY_STUCK || (play == PLAY_SLOW && accesses < 5000)))
		return (0x26 | 0x80);
	if (cmos_index == 0 && play == PLAY_RESTLESS)
		return ((uint8_t)(accesses % 50));
	return (cmos[cmos_index]);
}

static uint8_t
bcd(int n)
{
	return ((uint8_t)(n / 10 * 16 + n % 10));
}

static void
cmos_set(uint8_t *c, int sec, int min, int hour, int day, int month, int year)
{
	memset(c, 0, 128);
	c[0] = bcd(sec);
	c[2] = bcd(min);
	c[4] = bcd(hour);
	c[7] = bcd(day);
	c[8] = bcd(month);
	c[9] = bcd(year % 100);
	c[10] = 0x26;
	c[11] = RTC_24H;
	c[0x32] = bcd(year / 100);
}

static void
command_rtc_torn(void)
{
	const int64_t before = 1798761599; /* 2026-12-31 23:59:59 */

	play = PLAY_TORN;
	for (torn_at = 1; torn_at < 60; torn_at++) {
		int64_t seconds = 0;
		int error;

		cmos_set(cmos, 59, 59, 23, 31, 12, 2026);
		cmos_set(cmos_next, 0, 0, 0, 1, 1, 2027);
		accesses = 0;
		error = rtc_read(0x32, &seconds);
		if (error != 0 || (seconds != before && seconds != before + 1))
			host_fail("torn at %d: error %d, %ld", torn_at, error,
			    seconds);
	}
	host_print("good\n");
}

static void
command_rtc_device(const char *what)
{
	int64_t seconds = -1;
	int error;

	play = strcmp(what, "absent") == 0  ? PLAY_ABSENT
	    : strcmp(what, "stuck") == 0    ? PLAY_STUCK
	    : strcmp(what, "restless") == 0 ? PLAY_RESTLESS
					    : PLAY_SLOW;
	cmos_set(cmos, 1, 2, 3, 4, 5, 2026);
	error = rtc_read(0x32, &seconds);
	host_print("error %d seconds %ld\n", error, seconds);
	if (accesses > 100000)
		host_fail("%d port accesses", accesses);
}

static uint8_t
plain(int n)
{
	return ((uint8_t)n);
}

static void
check_day(int year, int month, int day, int64_t days)
{
	for (int f = 0; f < 4; f++) {
		uint8_t (*form)(int) = (f & 2) != 0 ? plain : bcd;
		struct rtc_time rt = {.rt_format = (f & 1 ? RTC_24H : 0) |
			(f & 2 ? RTC_BINARY : 0)};
		int hour = (int)(days % 24), shown = hour;
		int64_t seconds = 0;

		if ((f & 1) == 0)
			shown = hour % 12 == 0 ? 12 : hour % 12;
		rt.rt_second = form((int)(days % 60));
		rt.rt_minute = form((int)(days % 59));
		rt.rt_hour = form(shown);
		if ((f & 1) == 0 && hour >= 12)
			rt.rt_hour |= 0x80;
		rt.rt_day = form(day);
		rt.rt_month = form(month);
		rt.rt_year = form(year % 100);
		rt.rt_century = form(year / 100);
		if (rtc_decode(&rt, &seconds) != 0 ||
		    seconds !=
			days * 86400 + hour * 3600 + days % 59 * 60 + days % 60)
			host_fail("%d-%d-%d, format %d: %ld", year, month, day,
			    f, seconds);
	}
}

/* The calendar walked day by day. */
static void
command_rtc_days(void)
{
	static const int lengths[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t days = 0;

	for (int year = 1970; year < 2200; year++) {
		bool leap = year % 4 == 0 && year != 2100;

		for (int month = 1; month <= 12; month++) {
			int n = lengths[month - 1] + (leap && month == 2);

			for (int day = 1; day <= n; day++)
				check_day(year, month, day, days++);
		}
	}
	host_print("days %ld\n", days);
}

static void
command_rtc_decode(char **words)
{
	struct rtc_time rt;
	uint8_t *fields[] = {&rt.rt_second, &rt.rt_minute, &rt.rt_hour,
	    &rt.rt_day, &rt.rt_month, &rt.rt_year, &rt.rt_century,
	    &rt.rt_format};
	int64_t seconds = 0;
	int error;

	for (size_t i = 0; i < nitems(fields); i++)
		*fields[i] = (uint8_t)host_number(words[i]);
	error = rtc_decode(&rt, &seconds);
	host_print("error %d seconds %ld\n", error, seconds);
}

/* --- power ---------------------------------------------------------------------- */

#define SMI_CMD	 0xb2
#define PM1A	 0x604
#define PM1B	 0x704
#define REG_MEM	 0xfea00200UL
#define UNMAPPED 0xdead0000UL

static uint32_t pm1[2];
static int until_mode; /* reads of PM1a until it is in ACPI mode */
static bool keyboard_full;
static uint8_t device_memory[16];

uint64_t
cpu_cycles(void)
{
	static uint64_t now;

	return (now += 100000000);
}

volatile void *
device_map(paddr_t pa, size_t len)
{
	if (pa == UNMAPPED)
		return (NULL);
	if (pa < REG_MEM || pa + len > REG_MEM + sizeof(device_memory))
		host_fail("maps %#lx+%lu", pa, len);
	return (device_memory + (pa - REG_MEM));
}

void
cpu_triple_fault(void)
{
	host_print("triple fault\n");
}

uint32_t
mock_in(uint16_t port, int bits)
{
	if (port == 0x71 && bits == 8)
		return (rtc_in());
	if (port == PM1A && until_mode > 0 && --until_mode == 0)
		pm1[0] |= 1;
	if (port == PM1A || port == PM1B)
		return (pm1[port == PM1B]);
	if (port == 0x64)
		return (keyboard_full ? 0x02 : 0);
	host_fail("reads port %#x", port);
}

void
mock_out(uint16_t port, int bits, uint32_t value)
{
	if (port == 0x70) {
		if (value >= 128)
			host_fail("masks the NMI");
		cmos_index = (uint8_t)value;
		return;
	}
	host_print("out%d %#x %#x\n", bits, port, value);
	if (port == SMI_CMD)
		until_mode = 3;
	if (port == PM1A || port == PM1B)
		pm1[port == PM1B] = value;
}

static void
tell(struct acpi_info *ai, const char *word)
{
	if (strcmp(word, "s5") == 0) {
		ai->acpi_has_s5 = true;
		ai->acpi_s5_a = 5;
		ai->acpi_s5_b = 2;
	} else if (strcmp(word, "pm1a") == 0) {
		ai->acpi_pm1a_cnt = (struct acpi_reg){ACPI_SPACE_IO, 16, PM1A};
		pm1[0] = 0x1801;
	} else if (strcmp(word, "pm1b") == 0) {
		ai->acpi_pm1b_cnt = (struct acpi_reg){ACPI_SPACE_IO, 16, PM1B};
		pm1[1] = 0x0001;
	} else if (strcmp(word, "legacy-mode") == 0) {
		ai->acpi_smi_cmd = SMI_CMD;
		ai->acpi_enable_value = 0xf1;
		pm1[0] &= ~1U;
	} else if (strcmp(word, "sleep-register") == 0) {
		ai->acpi_sleep_cnt =
		    (struct acpi_reg){ACPI_SPACE_MEM, 8, REG_MEM};
		ai->acpi_sleep_sts =
		    (struct acpi_reg){ACPI_SPACE_MEM, 8, REG_MEM + 1};
	} else if (strcmp(word, "reset-port") == 0) {
		ai->acpi_reset = (struct acpi_reg){ACPI_SPACE_IO, 8, 0xcf9};
		ai->acpi_reset_value = 0xf;
	} else if (strcmp(word, "reset-memory") == 0) {
		ai->acpi_reset =
		    (struct acpi_reg){ACPI_SPACE_MEM, 8, REG_MEM + 2};
		ai->acpi_reset_value = 0x42;
	} else if (strcmp(word, "reset-unmapped") == 0) {
		ai->acpi_reset = (struct acpi_reg){ACPI_SPACE_MEM, 8, UNMAPPED};
	} else if (strcmp(word, "no-keyboard") == 0) {
		ai->acpi_no_8042 = true;
	} else if (strcmp(word, "keyboard-full") == 0) {
		keyboard_full = true;
	} else {
		host_fail("unknown word %s", word);
	}
}

static void
command_power(int argc, char **argv)
{
	static struct acpi_info ai;

	for (int i = 1; i < argc; i++)
		tell(&ai, argv[i]);
	power_init(&ai);
	if (strcmp(argv[0], "off") == 0)
		power_off(&ai);
	else
		power_reset(&ai);
	for (size_t i = 0; i < sizeof(device_memory); i++) {
		if (device_memory[i] != 0)
			host_print("memory %lu %#x\n", i, device_memory[i]);
	}
}

int
check_main(int argc, char **argv)
{
	if (argc == 10 && strcmp(argv[1], "rtc-decode") == 0)
		command_rtc_decode(argv + 2);
	else if (argc == 2 && strcmp(argv[1], "rtc-days") == 0)
		command_rtc_days();
	else if (argc == 2 && strcmp(argv[1], "rtc-torn") == 0)
		command_rtc_torn();
	else if (argc == 3 && strcmp(argv[1], "rtc-device") == 0)
		command_rtc_device(argv[2]);
	else if (argc >= 3 && strcmp(argv[1], "power") == 0)
		command_power(argc - 2, argv + 2);
	else
		host_fail("usage: see check_ports.c");
	return (0);
}
