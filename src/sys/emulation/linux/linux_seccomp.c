/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp(2): what filters see and mean; strict mode, which is a filter, too.
 *
 * The input is 64 bytes: number, architecture, instruction pointer, arguments.
 * The answer's upper half says what to do, its lower half is data.  A listener
 * is spoken to by ioctls (linux_seccomp_ioctl).
 */
#include "linux_var.h"
#include <sys/callfilter.h>
#include <sys/cbpf.h>
#include <sys/file.h>
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
		return ((struct filter_verdict){FILTER_ASK, 0});
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
	int fd;

	if (callfilter_mode(lp) == FILTER_MODE_PROGRAM)
		return (EINVAL);
	return (callfilter_install(lp, strict, nitems(strict),
	    sizeof(struct seccomp_data), FILTERF_STRICT, &tid, &fd));
}

#define FLAG_TSYNC	   0x01
#define FLAG_LOG	   0x02
#define FLAG_SPEC_ALLOW	   0x04 /* a choice about the CPU: nothing to do */
#define FLAG_NEW_LISTENER  0x08
#define FLAG_TSYNC_ESRCH   0x10
#define FLAG_WAIT_KILLABLE 0x20 /* _RECV */
#define FLAGS_ALL	   0x3f

static const struct flagmap install_flags[] = {
    {FLAG_TSYNC, FILTERF_SYNC},
    {FLAG_LOG, FILTERF_LOG},
    {FLAG_NEW_LISTENER, FILTERF_LISTEN},
    {FLAG_WAIT_KILLABLE, FILTERF_KILL},
};

/* Two of the results are a number: which thread, which descriptor. */
static bool
flags_valid(uint64_t flags)
{
	bool listen = (flags & FLAG_NEW_LISTENER) != 0;

	return ((flags & ~(uint64_t)FLAGS_ALL) == 0 &&
	    !(listen && (flags & FLAG_TSYNC) != 0 &&
		(flags & FLAG_TSYNC_ESRCH) == 0) &&
	    (listen || (flags & FLAG_WAIT_KILLABLE) == 0));
}

static int
set_filter(struct lwp *lp, uint64_t flags, uaddr_t uprog, uint64_t *resp)
{
	struct {
		uint16_t len, pad[3];
		uint64_t filter;
	} fprog;
	struct cbpf_insn *prog;
	pid_t tid = 0;
	int error, fd = 0;

	if (!flags_valid(flags))
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
		    (uint32_t)flags_in(
			install_flags, nitems(install_flags), flags, NULL),
		    &tid, &fd);
	kfree(prog, M_TEMP);
	if (error == ESRCH && (flags & FLAG_TSYNC_ESRCH) == 0) {
		*resp = (uint64_t)tid; /* success, in a way */
		return (0);
	}
	*resp = (uint64_t)fd;
	return (error);
}

static int
action_avail(uint64_t flags, uaddr_t uaction)
{
	static const uint32_t known[] = {RET_KILL_PROCESS, RET_KILL_THREAD,
	    RET_TRAP, RET_ERRNO, RET_USER_NOTIF, RET_TRACE, RET_LOG, RET_ALLOW};
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

/* --- listeners -------------------------------------------------------------------- */

struct seccomp_notif {
	uint64_t id;
	uint32_t pid, flags;
	struct seccomp_data data;
};
struct seccomp_notif_resp {
	uint64_t id;
	int64_t val;
	int32_t error;
	uint32_t flags;
};
struct seccomp_notif_addfd {
	uint64_t id;
	uint32_t flags, srcfd, newfd, newfd_flags;
};
CTASSERT(sizeof(struct seccomp_notif) == 80);
CTASSERT(sizeof(struct seccomp_notif_resp) == 24);
CTASSERT(sizeof(struct seccomp_notif_addfd) == 24);

static int
notif_sizes(uint64_t flags, uaddr_t to)
{
	static const uint16_t sizes[] = {sizeof(struct seccomp_notif),
	    sizeof(struct seccomp_notif_resp), sizeof(struct seccomp_data)};

	return (flags != 0 ? EINVAL : copyout(sizes, to, sizeof(sizes)));
}

/* NOTIF_RECV.  The room must be zero: there may be flags there one day. */
static int
notif_receive(struct file *fp, uaddr_t at)
{
	static const struct seccomp_notif zero;
	struct call_question cq;
	struct seccomp_notif n;
	int error;

	if ((error = copyin(at, &n, sizeof(n))) != 0)
		return (error);
	if (memcmp(&n, &zero, sizeof(n)) != 0)
		return (EINVAL);
	if ((error = kern_listener_take(fp, &cq)) != 0)
		return (error);
	n.id = cq.cq_id;
	n.pid = (uint32_t)cq.cq_tid;
	memcpy(&n.data, cq.cq_input, sizeof(n.data));
	if ((error = copyout(&n, at, sizeof(n))) != 0)
		kern_listener_put_back(fp, cq.cq_id);
	return (error);
}

#define RESP_CONTINUE 1

static int
notif_send(struct file *fp, uaddr_t at)
{
	struct seccomp_notif_resp r;
	bool go_on;
	int error;

	if ((error = copyin(at, &r, sizeof(r))) != 0)
		return (error);
	go_on = (r.flags & RESP_CONTINUE) != 0;
	if ((r.flags & ~(uint32_t)RESP_CONTINUE) != 0 ||
	    (go_on && (r.error != 0 || r.val != 0)))
		return (EINVAL);
	return (kern_listener_answer(
	    fp, r.id, go_on, (uint64_t)(r.error != 0 ? r.error : r.val)));
}

#define ADDFD_SETFD 1
#define ADDFD_SEND  2

/* The structure may grow: what is behind ours must be zero. */
static int
notif_add_fd(struct file *fp, uaddr_t at, size_t size, uint64_t *resp)
{
	struct seccomp_notif_addfd a;
	struct call_gift gift;
	int error, fd = -1;

	if (size < sizeof(a) || size >= PAGE_SIZE)
		return (EINVAL);
	if ((error = linux_struct_in(at, size, &a, sizeof(a))) != 0)
		return (error);
	if ((a.newfd_flags & ~(uint32_t)LINUX_O_CLOEXEC) != 0 ||
	    (a.flags & ~(uint32_t)(ADDFD_SETFD | ADDFD_SEND)) != 0 ||
	    (a.newfd != 0 && (a.flags & ADDFD_SETFD) == 0))
		return (EINVAL);
	gift = (struct call_gift){
	    .cg_from = (int)a.srcfd,
	    .cg_at = (a.flags & ADDFD_SETFD) != 0 ? (int)a.newfd : -1,
	    .cg_fdflags = a.newfd_flags != 0 ? FDF_CLOEXEC : 0,
	    .cg_answer = (a.flags & ADDFD_SEND) != 0,
	};
	if ((a.flags & ADDFD_SETFD) != 0 && gift.cg_at < 0)
		return (EBADF);
	error = kern_listener_give(fp, a.id, &gift, &fd);
	*resp = (uint64_t)fd;
	return (error);
}

#define NOTIF_RECV	     0xc0502100u
#define NOTIF_SEND	     0xc0182101u
#define NOTIF_ID_VALID	     0x40082102u
#define NOTIF_ID_VALID_WRONG 0x80082102u /* as it was before Linux 5.17 */
#define NOTIF_ADDFD	     0x40002103u /* and its size */
#define NOTIF_SET_FLAGS	     0x40082104u
#define CMD_SIZE(cmd)	     (((cmd) >> 16) & 0x3fff)
#define CMD_NO_SIZE(cmd)     ((cmd) & ~0x3fff0000u)

static int
listener_ioctl(struct file *fp, uint32_t cmd, uaddr_t data, uint64_t *resp)
{
	uint64_t id;
	int error;

	switch (cmd) {
	case NOTIF_RECV:
		return (notif_receive(fp, data));
	case NOTIF_SEND:
		return (notif_send(fp, data));
	case NOTIF_ID_VALID:
	case NOTIF_ID_VALID_WRONG:
		error = copyin(data, &id, sizeof(id));
		return (error != 0 ? error : kern_listener_valid(fp, id));
	case NOTIF_SET_FLAGS:
		/* "The two run on one CPU": a hint. */
		return ((data & ~(uint64_t)1) != 0 ? EINVAL : 0);
	default:
		return (CMD_NO_SIZE(cmd) == NOTIF_ADDFD
			? notif_add_fd(fp, data, CMD_SIZE(cmd), resp)
			: EINVAL);
	}
}

int
linux_seccomp_ioctl(int fd, uint32_t cmd, uaddr_t data, uint64_t *resp)
{
	struct file *fp;
	int error;

	if ((error = kern_listener_get(fd, &fp)) != 0)
		return (error);
	error = listener_ioctl(fp, cmd, data, resp);
	file_drop(fp);
	return (error);
}

enum {
	SET_MODE_STRICT,
	SET_MODE_FILTER,
	GET_ACTION_AVAIL,
	GET_NOTIF_SIZES
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
	case GET_NOTIF_SIZES:
		return (notif_sizes(uap->flags, uap->args));
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
