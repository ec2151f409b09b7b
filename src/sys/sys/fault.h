/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Failure knobs (kern/fault).  A site asks before it allocates, copies or does
 * I/O; true: behave as if that had failed.
 */
#ifndef SYS_FAULT_H
#define SYS_FAULT_H

#include <sys/types.h>

struct fault_point {
	const char *fp_name;
	uint64_t fp_hits; /* times asked */
	int64_t fp_nth;	  /* > 0: fail the n-th question from now, then off */
	uint32_t fp_ppm;  /* fail with this probability in a million */
	uint64_t fp_fired;
};
#define FAULT_POINT(var, name)                                                 \
	static struct fault_point var = {name, 0, 0, 0, 0};                    \
	SET_ENTRY(fault_points, &var)

/* Not 0: a plan or some thread's own count looks at every question. */
extern uint32_t fault_wide;
bool fault_check(struct fault_point *fp);
static inline bool
fault_fires(struct fault_point *fp)
{
	return (__unlikely(fp->fp_nth | fp->fp_ppm | fault_wide) &&
	    fault_check(fp));
}

/* lp's n-th question from now fails, once; 0: off (Linux: fail-nth). */
struct lwp;
void fault_lwp_set(struct lwp *lp, uint32_t n);

#endif
