/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux calls of System V IPC: numbers of commands, layouts of what they fill.
 */
#include "linux_var.h"
#include <sys/malloc.h>
#include <sys/sysvipc.h>
#include <sys/ucred.h>

enum {
	L_IPC_RMID,
	L_IPC_SET,
	L_IPC_STAT,
	L_IPC_INFO,
	L_SHM_LOCK = 11,
	L_SHM_UNLOCK,
	L_SHM_STAT,
	L_SHM_INFO,
	L_SHM_STAT_ANY,
	L_MSG_STAT = 11,
	L_MSG_INFO,
	L_MSG_STAT_ANY,
	L_GETPID = 11,
	L_GETVAL,
	L_GETALL,
	L_GETNCNT,
	L_GETZCNT,
	L_SETVAL,
	L_SETALL,
	L_SEM_STAT,
	L_SEM_INFO,
	L_SEM_STAT_ANY
};
#define L_SHM_HUGETLB 04000
#define CAP_IPC_LOCK  14

struct linux_ipc_perm {
	int32_t key;
	uint32_t uid, gid, cuid, cgid, mode;
	uint16_t seq, pad;
	uint64_t unused[2];
};
_Static_assert(sizeof(struct linux_ipc_perm) == 48, "ipc64_perm");

struct linux_shmid_ds {
	struct linux_ipc_perm perm;
	uint64_t segsz;
	int64_t atime, dtime, ctime;
	int32_t cpid, lpid;
	uint64_t nattch, unused[2];
};
_Static_assert(sizeof(struct linux_shmid_ds) == 112, "shmid64_ds");

struct linux_semid_ds {
	struct linux_ipc_perm perm;
	int64_t otime, unused1, ctime, unused2;
	uint64_t nsems, unused[2];
};
_Static_assert(sizeof(struct linux_semid_ds) == 104, "semid64_ds");

struct linux_msqid_ds {
	struct linux_ipc_perm perm;
	int64_t stime, rtime, ctime;
	uint64_t cbytes, qnum, qbytes;
	int32_t lspid, lrpid;
	uint64_t unused[2];
};
_Static_assert(sizeof(struct linux_msqid_ds) == 120, "msqid64_ds");

struct linux_shminfo {
	uint64_t shmmax, shmmin, shmmni, shmseg, shmall, unused[4];
};
struct linux_shm_info {
	int32_t used_ids;
	uint64_t tot, rss, swp, swap_attempts, swap_successes;
};
struct linux_seminfo {
	int32_t semmap, semmni, semmns, semmnu, semmsl, semopm, semume, semusz,
	    semvmx, semaem;
};
struct linux_msginfo {
	int32_t msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql;
	uint16_t msgseg;
};

static void
perm_out(const struct ipc_perm *ip, struct linux_ipc_perm *l)
{
	memset(l, 0, sizeof(*l));
	l->key = ip->key;
	l->uid = ip->uid;
	l->gid = ip->gid;
	l->cuid = ip->cuid;
	l->cgid = ip->cgid;
	l->mode = ip->mode;
	l->seq = (uint16_t)ip->seq;
}

/* How the two or three commands that tell of one object differ. */
static int
stat_how(int cmd, int by_index, int any)
{
	if (cmd == any)
		return (IPC_BY_INDEX | IPC_ANYBODY);
	return (cmd == by_index ? IPC_BY_INDEX : 0);
}

/* --- shared memory --------------------------------------------------------------- */

int
linux_shmget(
    struct lwp *lp, const struct linux_shmget_args *uap, uint64_t *resp)
{
	int error, id = 0;

	if ((uap->flags & L_SHM_HUGETLB) != 0)
		return (ENOMEM); /* as where no huge pages are set aside */
	error = kern_shmget(uap->key, uap->size, uap->flags, &id);
	*resp = (uint64_t)id;
	return (error);
}

static const struct flagmap shmat_map[] = {{010000, SHM_RDONLY},
    {020000, SHM_RND}, {040000, SHM_REMAP}, {0100000, SHM_EXEC}};

int
linux_shmat(struct lwp *lp, const struct linux_shmat_args *uap, uint64_t *resp)
{
	uaddr_t at = 0;
	int error;

	error = kern_shmat(uap->id, uap->addr,
	    (int)flags_in(
		shmat_map, nitems(shmat_map), (uint32_t)uap->flags, NULL),
	    &at);
	*resp = at;
	return (error);
}

int
linux_shmdt(struct lwp *lp, const struct linux_shmdt_args *uap, uint64_t *resp)
{
	return (kern_shmdt(uap->addr));
}

static int
shm_stat(int id, int cmd, uaddr_t buf, uint64_t *resp)
{
	struct linux_shmid_ds ds;
	struct shm_status st;
	int error;

	error =
	    kern_shm_stat(id, stat_how(cmd, L_SHM_STAT, L_SHM_STAT_ANY), &st);
	if (error != 0)
		return (error);
	memset(&ds, 0, sizeof(ds));
	perm_out(&st.perm, &ds.perm);
	ds.segsz = st.size;
	ds.atime = st.atime;
	ds.dtime = st.dtime;
	ds.ctime = st.ctime;
	ds.cpid = st.cpid;
	ds.lpid = st.lpid;
	ds.nattch = st.nattch;
	*resp = cmd == L_IPC_STAT ? 0 : (uint64_t)st.perm.id;
	return (copyout(&ds, buf, sizeof(ds)));
}

static int
shm_ipc_info(uaddr_t buf, uint64_t *resp)
{
	struct linux_shminfo si;
	struct shm_totals t;

	kern_shm_totals(&t);
	memset(&si, 0, sizeof(si));
	si.shmmax = t.max_bytes;
	si.shmmin = 1;
	si.shmmni = si.shmseg = t.max_segments;
	si.shmall = t.max_pages;
	*resp = (uint64_t)t.highest;
	return (copyout(&si, buf, sizeof(si)));
}

static int
shm_info(uaddr_t buf, uint64_t *resp)
{
	struct linux_shm_info si;
	struct shm_totals t;

	kern_shm_totals(&t);
	memset(&si, 0, sizeof(si));
	si.used_ids = t.segments;
	si.tot = t.pages;
	si.rss = t.resident;
	*resp = (uint64_t)t.highest;
	return (copyout(&si, buf, sizeof(si)));
}

/* Root and CAP_IPC_LOCK may; the owner only as far as RLIMIT_MEMLOCK lets. */
static int
shm_lock(int id, bool lock)
{
	if ((cred_current()->cr_cap_effective >> CAP_IPC_LOCK & 1) == 0 &&
	    lock && proc_rlimit(RLIMIT_MEMLOCK) == 0)
		return (EPERM);
	return (kern_shm_lock(id, lock));
}

int
linux_shmctl(
    struct lwp *lp, const struct linux_shmctl_args *uap, uint64_t *resp)
{
	struct linux_shmid_ds ds;
	int error;

	if (uap->cmd < 0 || uap->id < 0)
		return (EINVAL);
	switch (uap->cmd) {
	case L_IPC_RMID:
		return (kern_shm_remove(uap->id));
	case L_IPC_SET:
		if ((error = copyin(uap->buf, &ds, sizeof(ds))) != 0)
			return (error);
		return (kern_shm_set(
		    uap->id, ds.perm.uid, ds.perm.gid, ds.perm.mode));
	case L_IPC_STAT:
	case L_SHM_STAT:
	case L_SHM_STAT_ANY:
		return (shm_stat(uap->id, uap->cmd, uap->buf, resp));
	case L_IPC_INFO:
		return (shm_ipc_info(uap->buf, resp));
	case L_SHM_INFO:
		return (shm_info(uap->buf, resp));
	case L_SHM_LOCK:
	case L_SHM_UNLOCK:
		return (shm_lock(uap->id, uap->cmd == L_SHM_LOCK));
	default:
		return (EINVAL);
	}
}

/* --- semaphores -------------------------------------------------------------------- */

int
linux_semget(
    struct lwp *lp, const struct linux_semget_args *uap, uint64_t *resp)
{
	int error, id = 0;

	error = kern_semget(uap->key, uap->nsems, uap->flags, &id);
	*resp = (uint64_t)id;
	return (error);
}

/* A struct sembuf is a struct sem_op, number for number. */
_Static_assert(sizeof(struct sem_op) == 6, "sembuf");

static int
semop_common(int id, uaddr_t uops, unsigned n, nstime_t timeout_ns)
{
	struct sem_op few[8], *ops = few;
	struct sem_totals t;
	int error;

	if (n == 0 || id < 0)
		return (EINVAL);
	kern_sem_totals(&t);
	if (n > (unsigned)t.max_ops)
		return (E2BIG);
	if (n > nitems(few) &&
	    (ops = kmalloc(n * sizeof(*ops), M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	error = copyin(uops, ops, n * sizeof(*ops));
	if (error == 0)
		error = kern_semop(id, ops, n, timeout_ns);
	if (ops != few)
		kfree(ops, M_TEMP);
	return (error);
}

int
linux_semop(struct lwp *lp, const struct linux_semop_args *uap, uint64_t *resp)
{
	return (semop_common(uap->id, uap->ops, uap->n, -1));
}

int
linux_semtimedop(
    struct lwp *lp, const struct linux_semtimedop_args *uap, uint64_t *resp)
{
	nstime_t timeout_ns;
	int error;

	if ((error = timeout_copyin(uap->timeout, &timeout_ns)) != 0)
		return (error);
	return (semop_common(uap->id, uap->ops, uap->n, timeout_ns));
}

static int
sem_stat(int id, int cmd, uaddr_t buf, uint64_t *resp)
{
	struct linux_semid_ds ds;
	struct sem_status st;
	int error;

	error =
	    kern_sem_stat(id, stat_how(cmd, L_SEM_STAT, L_SEM_STAT_ANY), &st);
	if (error != 0)
		return (error);
	memset(&ds, 0, sizeof(ds));
	perm_out(&st.perm, &ds.perm);
	ds.otime = st.otime;
	ds.ctime = st.ctime;
	ds.nsems = st.nsems;
	*resp = cmd == L_IPC_STAT ? 0 : (uint64_t)st.perm.id;
	return (copyout(&ds, buf, sizeof(ds)));
}

/* SEM_INFO is IPC_INFO with what there is in two places of what there may be. */
static int
sem_info(bool used, uaddr_t buf, uint64_t *resp)
{
	struct linux_seminfo si;
	struct sem_totals t;

	kern_sem_totals(&t);
	si.semmap = si.semmns = si.semmnu = t.max_sems;
	si.semmni = t.max_sets;
	si.semmsl = t.max_per_set;
	si.semopm = si.semume = t.max_ops;
	si.semusz = used ? t.sets : 20;
	si.semvmx = SEM_VALUE_MAX;
	si.semaem = used ? (int)t.sems : SEM_VALUE_MAX;
	*resp = (uint64_t)t.highest;
	return (copyout(&si, buf, sizeof(si)));
}

/* GETALL and SETALL: the array is as long as the set. */
static int
sem_all(int id, bool set, uaddr_t array)
{
	struct sem_status st;
	uint16_t *values;
	int error;

	error = kern_sem_stat(id, IPC_ANYBODY, &st);
	if (error != 0)
		return (error);
	values = kmalloc(st.nsems * sizeof(*values), M_TEMP, M_WAITOK);
	if (values == NULL)
		return (ENOMEM);
	if (set) {
		error = copyin(array, values, st.nsems * sizeof(*values));
		if (error == 0)
			error = kern_sem_setall(id, values, st.nsems);
	} else {
		error = kern_sem_getall(id, values, st.nsems);
		if (error == 0)
			error =
			    copyout(values, array, st.nsems * sizeof(*values));
	}
	kfree(values, M_TEMP);
	return (error);
}

static int
sem_get(int id, int num, int cmd, uint64_t *resp)
{
	static const enum sem_query queries[] = {[L_GETPID] = SEMQ_PID,
	    [L_GETVAL] = SEMQ_VALUE,
	    [L_GETNCNT] = SEMQ_NCNT,
	    [L_GETZCNT] = SEMQ_ZCNT};
	int error, value = 0;

	error = kern_sem_get(id, num, queries[cmd], &value);
	*resp = (uint64_t)value;
	return (error);
}

int
linux_semctl(
    struct lwp *lp, const struct linux_semctl_args *uap, uint64_t *resp)
{
	struct linux_semid_ds ds;
	int error;

	if (uap->id < 0)
		return (EINVAL);
	switch (uap->cmd) {
	case L_IPC_RMID:
		return (kern_sem_remove(uap->id));
	case L_IPC_SET:
		if ((error = copyin(uap->arg, &ds, sizeof(ds))) != 0)
			return (error);
		return (kern_sem_set(
		    uap->id, ds.perm.uid, ds.perm.gid, ds.perm.mode));
	case L_IPC_STAT:
	case L_SEM_STAT:
	case L_SEM_STAT_ANY:
		return (sem_stat(uap->id, uap->cmd, uap->arg, resp));
	case L_IPC_INFO:
	case L_SEM_INFO:
		return (sem_info(uap->cmd == L_SEM_INFO, uap->arg, resp));
	case L_GETALL:
	case L_SETALL:
		return (sem_all(uap->id, uap->cmd == L_SETALL, uap->arg));
	case L_GETPID:
	case L_GETVAL:
	case L_GETNCNT:
	case L_GETZCNT:
		return (sem_get(uap->id, uap->num, uap->cmd, resp));
	case L_SETVAL:
		return (kern_sem_setval(uap->id, uap->num, (int)uap->arg));
	default:
		return (EINVAL);
	}
}

/* --- messages ------------------------------------------------------------------------ */

int
linux_msgget(
    struct lwp *lp, const struct linux_msgget_args *uap, uint64_t *resp)
{
	int error, id = 0;

	error = kern_msgget(uap->key, uap->flags, &id);
	*resp = (uint64_t)id;
	return (error);
}

int
linux_msgsnd(
    struct lwp *lp, const struct linux_msgsnd_args *uap, uint64_t *resp)
{
	int64_t type;
	int error;

	if ((error = copyin(uap->msg, &type, sizeof(type))) != 0)
		return (error);
	return (kern_msgsnd(
	    uap->id, type, uap->msg + sizeof(type), uap->size, uap->flags));
}

int
linux_msgrcv(
    struct lwp *lp, const struct linux_msgrcv_args *uap, uint64_t *resp)
{
	int64_t type = uap->type;
	int error;

	error = kern_msgrcv(uap->id, &type, uap->msg + sizeof(type), uap->size,
	    uap->flags, resp);
	if (error == 0)
		error = copyout(&type, uap->msg, sizeof(type));
	return (error);
}

static int
msg_stat(int id, int cmd, uaddr_t buf, uint64_t *resp)
{
	struct linux_msqid_ds ds;
	struct msg_status st;
	int error;

	error =
	    kern_msg_stat(id, stat_how(cmd, L_MSG_STAT, L_MSG_STAT_ANY), &st);
	if (error != 0)
		return (error);
	memset(&ds, 0, sizeof(ds));
	perm_out(&st.perm, &ds.perm);
	ds.stime = st.stime;
	ds.rtime = st.rtime;
	ds.ctime = st.ctime;
	ds.cbytes = st.bytes;
	ds.qnum = st.count;
	ds.qbytes = st.max_bytes;
	ds.lspid = st.lspid;
	ds.lrpid = st.lrpid;
	*resp = cmd == L_IPC_STAT ? 0 : (uint64_t)st.perm.id;
	return (copyout(&ds, buf, sizeof(ds)));
}

/* The numbers of a pool that Linux does not have either. */
#define L_MSGSSZ 16
#define L_MSGSEG 0xffff

static int
msg_info(bool used, uaddr_t buf, uint64_t *resp)
{
	struct linux_msginfo mi;
	struct msg_totals t;

	kern_msg_totals(&t);
	memset(&mi, 0, sizeof(mi));
	mi.msgpool =
	    used ? t.queues : (int)((int64_t)t.max_queues * t.max_queue / 1024);
	mi.msgmap = used ? (int)t.messages : t.max_queue;
	mi.msgtql = used ? (int)t.bytes : t.max_queue;
	mi.msgmax = t.max_message;
	mi.msgmnb = t.max_queue;
	mi.msgmni = t.max_queues;
	mi.msgssz = L_MSGSSZ;
	mi.msgseg = L_MSGSEG;
	*resp = (uint64_t)t.highest;
	return (copyout(&mi, buf, sizeof(mi)));
}

int
linux_msgctl(
    struct lwp *lp, const struct linux_msgctl_args *uap, uint64_t *resp)
{
	struct linux_msqid_ds ds;
	int error;

	if (uap->cmd < 0 || uap->id < 0)
		return (EINVAL);
	switch (uap->cmd) {
	case L_IPC_RMID:
		return (kern_msg_remove(uap->id));
	case L_IPC_SET:
		if ((error = copyin(uap->buf, &ds, sizeof(ds))) != 0)
			return (error);
		return (kern_msg_set(uap->id, ds.perm.uid, ds.perm.gid,
		    ds.perm.mode, ds.qbytes));
	case L_IPC_STAT:
	case L_MSG_STAT:
	case L_MSG_STAT_ANY:
		return (msg_stat(uap->id, uap->cmd, uap->buf, resp));
	case L_IPC_INFO:
	case L_MSG_INFO:
		return (msg_info(uap->cmd == L_MSG_INFO, uap->buf, resp));
	default:
		return (EINVAL);
	}
}
