/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CMOS clock.
 *
 * 1. Once a second the device moves its registers on, which takes up to 2 ms;
 *    UIP in status A is up from 244 us before until the end.  Seeing it down
 *    leaves 244 us to read in, but a virtual machine may be stopped for longer
 *    than that: so all is read until two readings in turn are the same.
 * 2. Where no device answers, a read gives all ones.
 * 3. Reading and understanding are apart, so that the latter is tested.
 */
#include <sys/systm.h>
#include <cpu/io.h>
#include "rtc.h"

#define PORT_INDEX 0x70
#define PORT_DATA  0x71

#define REG_SECOND   0
#define REG_MINUTE   2
#define REG_HOUR     4
#define REG_DAY	     7
#define REG_MONTH    8
#define REG_YEAR     9
#define REG_STATUS_A 10
#define REG_STATUS_B 11

#define STATUS_A_UIP 0x80
#define HOUR_PM	     0x80 /* in the 12-hour form */

#define READINGS_MAX 8
#define UIP_POLLS    20000 /* each two port accesses, 90 ns or more */

static bool
field_decode(uint8_t reg, uint8_t format, int min, int max, int *valuep)
{
	int value = reg;

	if ((format & RTC_BINARY) == 0) {
		if ((reg & 0xf) > 9 || reg >> 4 > 9)
			return (false);
		value = (reg >> 4) * 10 + (reg & 0xf);
	}
	*valuep = value;
	return (value >= min && value <= max);
}

static bool
hour_decode(uint8_t reg, uint8_t format, int *hourp)
{
	bool pm = (reg & HOUR_PM) != 0;

	if ((format & RTC_24H) != 0)
		return (field_decode(reg, format, 0, 23, hourp));
	if (!field_decode(reg & ~HOUR_PM, format, 1, 12, hourp))
		return (false);
	*hourp = *hourp % 12 + (pm ? 12 : 0);
	return (true);
}

static int
century_decode(const struct rtc_time *rt, int year)
{
	int century;

	if (rt->rt_century != 0 &&
	    field_decode(rt->rt_century, rt->rt_format, 19, 21, &century))
		return (century);
	return (year >= 70 ? 19 : 20);
}

static bool
is_leap(int year)
{
	return ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
}

static int
month_days(int year, int month)
{
	static const uint8_t days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return (days[month - 1] + (month == 2 && is_leap(year)));
}

/* Days from 1970 to the first of the month. */
static int64_t
days_before(int year, int month)
{
	int64_t days = 0;

	for (int y = 1970; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	for (int y = year; y < 1970; y++)
		days -= is_leap(y) ? 366 : 365;
	for (int m = 1; m < month; m++)
		days += month_days(year, m);
	return (days);
}

int
rtc_decode(const struct rtc_time *rt, int64_t *secondsp)
{
	uint8_t format = rt->rt_format;
	int second, minute, hour, day, month, year;

	if (!field_decode(rt->rt_second, format, 0, 59, &second) ||
	    !field_decode(rt->rt_minute, format, 0, 59, &minute) ||
	    !hour_decode(rt->rt_hour, format, &hour) ||
	    !field_decode(rt->rt_month, format, 1, 12, &month) ||
	    !field_decode(rt->rt_year, format, 0, 99, &year))
		return (EINVAL);
	year += 100 * century_decode(rt, year);
	if (!field_decode(rt->rt_day, format, 1, month_days(year, month), &day))
		return (EINVAL);
	*secondsp = (days_before(year, month) + day - 1) * 86400 + hour * 3600 +
	    minute * 60 + second;
	return (0);
}

static uint8_t
reg_read(uint8_t reg)
{
	io_out8(PORT_INDEX, reg);
	return (io_in8(PORT_DATA));
}

static int
wait_still(void)
{
	for (int i = 0; i < UIP_POLLS; i++) {
		if ((reg_read(REG_STATUS_A) & STATUS_A_UIP) == 0)
			return (0);
	}
	return (EIO);
}

static void
read_once(struct rtc_time *rt, uint8_t century)
{
	memset(rt, 0, sizeof(*rt));
	rt->rt_second = reg_read(REG_SECOND);
	rt->rt_minute = reg_read(REG_MINUTE);
	rt->rt_hour = reg_read(REG_HOUR);
	rt->rt_day = reg_read(REG_DAY);
	rt->rt_month = reg_read(REG_MONTH);
	rt->rt_year = reg_read(REG_YEAR);
	if (century > REG_STATUS_B && century < 128)
		rt->rt_century = reg_read(century);
	rt->rt_format = reg_read(REG_STATUS_B) & (RTC_24H | RTC_BINARY);
}

int
rtc_read(uint8_t century, int64_t *secondsp)
{
	struct rtc_time rt, before;

	if (reg_read(REG_STATUS_A) == 0xff && reg_read(REG_STATUS_B) == 0xff)
		return (ENXIO);
	for (int i = 0; i < READINGS_MAX; i++) {
		if (wait_still() != 0)
			return (EIO);
		read_once(&rt, century);
		if (i > 0 && memcmp(&rt, &before, sizeof(rt)) == 0)
			return (rtc_decode(&rt, secondsp));
		before = rt;
	}
	return (EIO);
}
