/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduling classes of threads (kern/lwkt/usched.c, kern/proc/kern_sched.c).
 *
 * A rank is what decides who runs: 1..31 for the time-sharing classes,
 * RANK_RT + 1..99 for the real-time ones, RANK_DEADLINE for SCHED_DEADLINE, of
 * which the earliest deadline comes first.
 */
#ifndef SYS_SCHED_H
#define SYS_SCHED_H

#include <sys/types.h>
#include <sys/queue.h>

enum sched_class {
	SCHED_OTHER,
	SCHED_FIFO, /* until it sleeps or yields */
	SCHED_RR,   /* the same, a slice each among equals */
	SCHED_BATCH,
	SCHED_IDLE,
	SCHED_DEADLINE /* so much time in each period (usched_dl.c) */
};
#define SCHED_RT_MIN  1
#define SCHED_RT_MAX  99
#define RANK_RT	      32
#define RANK_DEADLINE (RANK_RT + SCHED_RT_MAX + 2)

/* What a thread of SCHED_DEADLINE has asked for, and has.  All in ns. */
struct sched_deadline {
	nstime_t dl_runtime, dl_deadline,
	    dl_period;	   /* 0: it is of no such class */
	uint32_t dl_flags; /* SDF_ */
	/* The rest is the owner CPU's. */
	bool dl_told;		 /* of what was used up */
	nstime_t dl_left;	 /* until dl_abs */
	nstime_t dl_abs;	 /* on clock_mono; 0: it has not begun */
	nstime_t dl_charged;	 /* of the thread's time */
	bool dl_ready;		 /* it runs or would */
	int dl_cpu;		 /* where it last did */
	LIST_ENTRY(lwp) dl_link; /* (dl_spin) while dl_period is not 0 */
};
#define SDF_RECLAIM 1 /* use what others leave */
#define SDF_OVERRUN 2 /* SIGXCPU when nothing is left */

struct sched_params {
	enum sched_class sp_class;
	int sp_rtprio;		     /* of FIFO and RR: 1..99; else 0 */
	int sp_nice;		     /* the process's; < -20: leave it */
	bool sp_reset_on_fork;	     /* children have the defaults */
	struct sched_deadline sp_dl; /* of DEADLINE */
};

struct lwp;

static inline bool
sched_is_rt(enum sched_class sc)
{
	return (sc == SCHED_FIFO || sc == SCHED_RR);
}

/*
 * The priority of what a thread reads and writes on disks: kept, inherited and
 * told; there is no scheduler that looks at it yet.
 */
enum io_class {
	IOC_NONE, /* by class and nice */
	IOC_RT,
	IOC_BEST_EFFORT,
	IOC_IDLE
};
struct io_prio {
	uint8_t ip_class; /* IOC_ */
	uint8_t ip_level; /* 0 (first) .. 7 */
};
enum io_who {
	IOW_THREAD,
	IOW_PGRP,
	IOW_USER
};
/* who 0: the caller, its group, its user.  ESRCH; EPERM: another user's, RT. */
int kern_ioprio_set(enum io_who which, pid_t who, struct io_prio ip);
/* Of several the best. */
int kern_ioprio_get(enum io_who which, pid_t who, struct io_prio *ipp);

/* Runtime, deadline and period make sense; period 0 becomes the deadline. */
bool sched_deadline_valid(struct sched_deadline *dl);
/* lp's share becomes that of dl (NULL: none): EBUSY. */
int sched_deadline_admit(struct lwp *lp, const struct sched_deadline *dl);
/* The caller lets others have the CPU. */
void kern_sched_yield(void);
/* tid 0: the caller.  ESRCH, EINVAL. */
int kern_sched_get(pid_t tid, struct sched_params *sp);
/* Also EBUSY (DEADLINE), EPERM: RLIMIT_RTPRIO, RLIMIT_NICE, another user's; CAP_SYS_NICE may. */
int kern_sched_set(pid_t tid, const struct sched_params *sp);
/* The CPUs it may use: EINVAL (none of those there are), ESRCH, EPERM. */
int kern_sched_affinity(pid_t tid, uint64_t mask);
/* What sched_rr_get_interval tells. */
nstime_t sched_interval(enum sched_class sc);

/* lp, held, has another rank: its CPU looks at it soon. */
void usched_changed(struct lwp *lp);
/* (owner CPU) From ipi_poll: threads in the run queues whose rank changed. */
void usched_requeue(void);

#endif
