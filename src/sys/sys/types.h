/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's scalar types.  All times are nanoseconds in int64_t. */
#ifndef SYS_TYPES_H
#define SYS_TYPES_H

#include <sys/cdefs.h>

typedef int64_t ssize_t;
typedef int64_t off_t;
typedef int32_t pid_t; /* processes; lwp ids share the number space */
typedef uint32_t uid_t;
typedef uint32_t gid_t;
typedef uint32_t mode_t;
typedef uint64_t dev_t; /* makedev() below */
typedef uint64_t ino_t;
typedef uint32_t nlink_t;
typedef int64_t blkcnt_t;
typedef int64_t nstime_t; /* nanoseconds; absolute ones since boot or epoch */
typedef uint64_t uaddr_t; /* a user virtual address: never dereferenced */
typedef uint64_t paddr_t; /* a physical address */

#define makedev(maj, min) ((((dev_t)(maj)) << 32) | (uint32_t)(min))
#define major(dev)	  ((uint32_t)((dev) >> 32))
#define minor(dev)	  ((uint32_t)(dev))

#define MIN(a, b)	 ((a) < (b) ? (a) : (b))
#define MAX(a, b)	 ((a) > (b) ? (a) : (b))
#define roundup2(x, m)	 (((x) + ((m)-1)) & ~((__typeof__(x))(m)-1))
#define rounddown2(x, m) ((x) & ~((__typeof__(x))(m)-1))
#define howmany(x, y)	 (((x) + ((y)-1)) / (y))
#define powerof2(x)	 ((((x)-1) & (x)) == 0)

#define NS_PER_SEC  1000000000LL
#define NS_PER_MSEC 1000000LL
#define NS_PER_USEC 1000LL

struct timespec {
	int64_t tv_sec;
	int64_t tv_nsec; /* [0, 1e9) */
};
struct timeval {
	int64_t tv_sec;
	int64_t tv_usec; /* [0, 1e6) */
};
struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};
struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};

static inline nstime_t
ts_to_ns(const struct timespec *ts)
{
	return (ts->tv_sec * NS_PER_SEC + ts->tv_nsec);
}

static inline struct timespec
ns_to_ts(nstime_t ns)
{
	struct timespec ts = {ns / NS_PER_SEC, ns % NS_PER_SEC};

	if (ts.tv_nsec < 0) {
		ts.tv_nsec += NS_PER_SEC;
		ts.tv_sec--;
	}
	return (ts);
}

#endif
