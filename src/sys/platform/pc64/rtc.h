/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CMOS clock (MC146818 and its descendants), read once at boot.  It counts
 * calendar time without a zone; it is taken for UTC.
 */
#ifndef PC64_RTC_H
#define PC64_RTC_H

#include <sys/types.h>

struct rtc_time { /* the registers as read */
	uint8_t rt_second, rt_minute, rt_hour;
	uint8_t rt_day, rt_month, rt_year;
	uint8_t rt_century; /* 0: there is no such register */
	uint8_t rt_format;  /* status B: RTC_BINARY, RTC_24H */
};
#define RTC_24H	   0x02
#define RTC_BINARY 0x04

/*
 * Seconds since 1970.  0; EINVAL: no such date.  A century that is absent or
 * not 19 to 21 is guessed: years from 70 on are 19xx.
 */
int rtc_decode(const struct rtc_time *rt, int64_t *secondsp);

/*
 * Read it; century: the CMOS byte that holds it (acpi_century), 0 if unknown.
 * 0; ENXIO: no such device; EIO: it never stands still; EINVAL.  Takes up to
 * 5 ms, spinning; the caller keeps other CPUs off ports 0x70 and 0x71.
 */
int rtc_read(uint8_t century, int64_t *secondsp);

#endif
