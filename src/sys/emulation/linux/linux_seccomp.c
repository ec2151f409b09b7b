/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp(2): what filters see and mean; strict mode, which is a filter, too.
 *
 * The input is 64 bytes: number, architecture, instruction pointer, arguments.
 * The answer's upper half says what to do, its lower half is data.
 */
#include "linux_var.h"
#include <sys/callfilter.h>
#include <sys/cbpf.h>
#include <sys/malloc.h>

struct seccomp_data {
	int32_t nr;
	uint32_t arch;
	uint64_t ip, args[6];
};
CTASSERT(sizeof(struct seccomp_data) == FILTER_INPUT_MAX);

#define RET_ACTION	 0xffff0000u
#define RET_DATA	 0x0000ffffu
#define RET_KILL_PROCESS 0x80000000u
#define RET_KILL_THREAD	 0x00000000u
#define RET_TRAP	 0x00030000u
#define RET_ERRNO	 0x00050000u
#define RET_USER_NOTIF	 0x7fc00000u
#define RET_TRACE	 0x7ff00000u
#define RET_LOG		 0x7ffc0000u
#define RET_ALLOW	 0x7fff0000u
#define MAX_ERRNO	 4095u

void
linux_filter_input(const struct lwp *lp, uint32_t nr, void *input)
{
	struct seccomp_data *sd = input;

	sd->nr = (int32_t)nr;
	sd->arch = LINUX_AUDIT_ARCH_X86_64;
	sd->ip = lp->lw_frame.tf_rip;
	(void)frame_syscall(&lp->lw_frame, sd->args);
}

struct filter_verdict
linux_filter_answer(uint32_t answer)
{
	uint32_t data = answer & RET_DATA;

	switch (answer & RET_ACTION) {
	case RET_KILL_THREAD:
		return ((struct filter_verdict){FILTER_KILL_THREAD, 0});
	case RET_TRAP:
		return ((struct filter_verdict){FILTER_TRAP, data});
	case RET_ERRNO:
		return ((struct filter_verdict){
		    FILTER_RESULT, MIN(data, MAX_ERRNO)});
	case RET_USER_NOTIF:
		/* There is no listener: no such call. */
		return ((struct filter_verdict){
		    FILTER_RESULT, (uint32_t)linux_errno(ENOSYS)});
	case RET_TRACE:
		return ((struct filter_verdict){FILTER_TRACE, data});
	case RET_LOG:
		return ((struct filter_verdict){FILTER_LOG, 0});
	case RET_ALLOW:
		return ((struct filter_verdict){FILTER_ALLOW, 0});
	default: /* also what nobody knows */
		return ((struct filter_verdict){FILTER_KILL_PROCESS, 0});
	}
}

/* --- installing ------------------------------------------------------------------- */

/* read, write, exit, rt_sigreturn. */
static const struct cbpf_insn strict[] = {
    {0x20, 0, 0, offsetof(struct seccomp_data, nr)},
    {0x15, 4, 0, 0},
    {0x15, 3, 0, 1},
    {0x15, 2, 0, 60},
    {0x15, 1, 0, 15},
    {0x06, 0, 0, RET_KILL_THREAD},
    {0x06, 0, 0, RET_ALLOW},
};

/* EINVAL: another mode is set. */
static int
set_strict(struct lwp *lp)
{
	pid_t tid;

	if (callfilter_mode(lp) == FILTER_MODE_PROGRAM)
		return (EINVAL);
	return (callfilter_install(lp, strict, nitems(strict),
	    sizeof(struct seccomp_data), FILTERF_STRICT, &tid));
}

#define FLAG_TSYNC	 0x01
#define FLAG_LOG	 0x02
#define FLAG_SPEC_ALLOW	 0x04 /* a choice about the CPU: nothing to do */
#define FLAG_TSYNC_ESRCH 0x10

static int
set_filter(struct lwp *lp, uint64_t flags, uaddr_t uprog, uint64_t *resp)
{
	struct {
		uint16_t len, pad[3];
		uint64_t filter;
	} fprog;
	struct cbpf_insn *prog;
	pid_t tid = 0;
	int error;

	if ((flags &
		~(uint64_t)(FLAG_TSYNC | FLAG_LOG | FLAG_SPEC_ALLOW |
		    FLAG_TSYNC_ESRCH)) != 0)
		return (EINVAL);
	if ((error = copyin(uprog, &fprog, sizeof(fprog))) != 0)
		return (error);
	if (fprog.len == 0 || fprog.len > CBPF_MAX || fprog.filter == 0)
		return (EINVAL);
	prog = kmalloc(fprog.len * sizeof(*prog), M_TEMP, M_WAITOK);
	if (prog == NULL)
		return (ENOMEM);
	error = copyin(fprog.filter, prog, fprog.len * sizeof(*prog));
	if (error == 0)
		error = callfilter_install(lp, prog, fprog.len,
		    sizeof(struct seccomp_data),
		    ((flags & FLAG_TSYNC) != 0 ? FILTERF_SYNC : 0) |
			((flags & FLAG_LOG) != 0 ? FILTERF_LOG : 0),
		    &tid);
	kfree(prog, M_TEMP);
	if (error == ESRCH && (flags & FLAG_TSYNC_ESRCH) == 0) {
		*resp = (uint64_t)tid; /* success, in a way */
		return (0);
	}
	return (error);
}

static int
action_avail(uint64_t flags, uaddr_t uaction)
{
	static const uint32_t known[] = {RET_KILL_PROCESS, RET_KILL_THREAD,
	    RET_TRAP, RET_ERRNO, RET_TRACE, RET_LOG, RET_ALLOW};
	uint32_t action;
	int error;

	if (flags != 0)
		return (EINVAL);
	if ((error = copyin(uaction, &action, sizeof(action))) != 0)
		return (error);
	for (size_t i = 0; i < nitems(known); i++)
		if (known[i] == action)
			return (0);
	return (EOPNOTSUPP);
}

enum {
	SET_MODE_STRICT,
	SET_MODE_FILTER,
	GET_ACTION_AVAIL
};

int
linux_seccomp(
    struct lwp *lp, const struct linux_seccomp_args *uap, uint64_t *resp)
{
	switch (uap->op) {
	case SET_MODE_STRICT:
		if (uap->flags != 0 || uap->args != 0)
			return (EINVAL);
		return (set_strict(lp));
	case SET_MODE_FILTER:
		return (set_filter(lp, uap->flags, uap->args, resp));
	case GET_ACTION_AVAIL:
		return (action_avail(uap->flags, uap->args));
	default:
		return (EINVAL);
	}
}

enum {
	MODE_STRICT = 1,
	MODE_FILTER
};

/* prctl(PR_SET_SECCOMP). */
int
linux_seccomp_set(struct lwp *lp, uint64_t mode, uaddr_t prog, uint64_t *resp)
{
	if (mode == MODE_STRICT)
		return (set_strict(lp));
	return (mode == MODE_FILTER ? set_filter(lp, 0, prog, resp) : EINVAL);
}

int
linux_seccomp_mode(const struct lwp *lp)
{
	int mode = callfilter_mode(lp);

	return (mode == FILTER_MODE_STRICT    ? MODE_STRICT
		: mode == FILTER_MODE_PROGRAM ? MODE_FILTER
					      : 0);
}
