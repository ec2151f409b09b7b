/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes and limits that the whole kernel agrees on. */
#ifndef SYS_PARAM_H
#define SYS_PARAM_H

#include <sys/cdefs.h>

#define PAGE_SHIFT    12
#define PAGE_SIZE     4096UL
#define PAGE_MASK     (PAGE_SIZE - 1)
#define trunc_page(x) ((x) & ~PAGE_MASK)
#define round_page(x) (((x) + PAGE_MASK) & ~PAGE_MASK)
#define atop(x)	      ((uint64_t)(x) >> PAGE_SHIFT)
#define ptoa(x)	      ((uint64_t)(x) << PAGE_SHIFT)

#define MAXCPU	     8 /* cpumask_t has a bit for each */
#define MAXDOMAIN    4 /* NUMA domains */
#define MAXCOMLEN    16
#define NAME_MAX     255
#define PATH_MAX     1024 /* bytes with the NUL; Linux calls see 4096 */
#define PATH_MAX_ABI 4096
#define MAXSYMLINKS  40
#define IOV_MAX	     1024
#define NGROUPS_MAX  64
#define ARG_MAX	     (2 * 1024 * 1024)
#define LINK_MAX     32767
#define PIPE_BUF     4096
#define PID_MAX	     99999

typedef uint32_t cpumask_t;

#endif
