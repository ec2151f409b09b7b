/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits and usage. */
#ifndef SYS_RESOURCE_H
#define SYS_RESOURCE_H

#include <sys/types.h>

enum {
	RLIMIT_CPU,
	RLIMIT_FSIZE,
	RLIMIT_DATA,
	RLIMIT_STACK,
	RLIMIT_CORE,
	RLIMIT_RSS,
	RLIMIT_MEMLOCK,
	RLIMIT_NPROC,
	RLIMIT_NOFILE,
	RLIMIT_AS,
	RLIMIT_SIGPENDING,
	RLIMIT_MSGQUEUE,
	RLIMIT_NICE,
	RLIMIT_RTPRIO,
	RLIMIT_RTTIME,
	RLIMIT_LOCKS,
	RLIM_NLIMITS
};
#define RLIM_INFINITY 0x7fffffffffffffffULL
struct rlimit {
	uint64_t rlim_cur;
	uint64_t rlim_max;
};

struct rusage {
	nstime_t ru_utime, ru_stime;
	int64_t ru_maxrss; /* KiB */
	int64_t ru_minflt, ru_majflt;
	int64_t ru_inblock, ru_oublock;
	int64_t ru_nsignals, ru_nvcsw, ru_nivcsw;
};
#define RUSAGE_SELF	0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD	1

#endif
