/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V IPC: shared memory, semaphores, message queues.
 *
 * Structures are the kernel's own; ABIs translate.  All calls act for the
 * current process and may sleep.  An "id" names an object; with by_index a
 * number 0, 1, .. of a slot is meant instead (ipcs walks that way).
 */
#ifndef SYS_SYSVIPC_H
#define SYS_SYSVIPC_H

#include <sys/types.h>

struct proc;

#define IPC_CREAT   01000
#define IPC_EXCL    02000
#define IPC_NOWAIT  04000
#define IPC_PRIVATE 0

struct ipc_perm {
	int key;
	uid_t uid, cuid;
	gid_t gid, cgid;
	mode_t mode; /* permissions, and SHM_ state bits */
	uint32_t seq;
	int id;
};
#define SHM_DEST   01000 /* goes with its last attachment */
#define SHM_LOCKED 02000

/* How a control call names its object and what it asks for. */
#define IPC_BY_INDEX 0x1 /* a slot number, not an id */
#define IPC_ANYBODY  0x2 /* no read permission needed */

/* --- shared memory ---------------------------------------------------------- */

struct shm_status {
	struct ipc_perm perm;
	uint64_t size;
	int64_t atime, dtime, ctime;
	pid_t cpid, lpid;
	uint64_t nattch, resident; /* map entries; pages */
};
#define SHM_RDONLY 1
#define SHM_RND	   2
#define SHM_REMAP  4
#define SHM_EXEC   8

int kern_shmget(int key, uint64_t size, int flags, int *idp);
int kern_shmat(int id, uaddr_t addr, int flags, uaddr_t *atp);
int kern_shmdt(uaddr_t addr);
int kern_shm_stat(int id, int how, struct shm_status *st);
int kern_shm_set(int id, uid_t uid, gid_t gid, mode_t mode);
int kern_shm_remove(int id);
int kern_shm_lock(int id, bool lock);
struct shm_totals {
	int segments, highest; /* highest index in use, 0: none */
	uint64_t pages, resident;
	uint64_t max_bytes, max_pages, max_segments;
};
void kern_shm_totals(struct shm_totals *t);

/* --- semaphores ------------------------------------------------------------- */

struct sem_status {
	struct ipc_perm perm;
	int64_t otime, ctime;
	uint64_t nsems;
};
struct sem_op {
	uint16_t num;
	int16_t op;
	int16_t flags; /* IPC_NOWAIT, SEM_UNDO */
};
#define SEM_UNDO      0x1000
#define SEM_VALUE_MAX 32767

int kern_semget(int key, int nsems, int flags, int *idp);
/* timeout_ns < 0: no limit.  EAGAIN after it. */
int kern_semop(
    int id, const struct sem_op *ops, unsigned n, nstime_t timeout_ns);
int kern_sem_stat(int id, int how, struct sem_status *st);
int kern_sem_set(int id, uid_t uid, gid_t gid, mode_t mode);
int kern_sem_remove(int id);
enum sem_query {
	SEMQ_VALUE,
	SEMQ_PID,
	SEMQ_NCNT, /* waiters for an increase */
	SEMQ_ZCNT  /* waiters for zero */
};
int kern_sem_get(int id, int num, enum sem_query what, int *valuep);
int kern_sem_setval(int id, int num, int value);
/* All values; values has room for the nsems that kern_sem_stat told. */
int kern_sem_getall(int id, uint16_t *values, uint64_t nsems);
int kern_sem_setall(int id, const uint16_t *values, uint64_t nsems);
struct sem_totals {
	int sets, highest;
	uint64_t sems;
	int max_per_set, max_sems, max_ops, max_sets;
};
void kern_sem_totals(struct sem_totals *t);
int kern_sem_limits_set(const int limits[4]); /* as max_ in the order above */
/* Apply and forget what p has to undo. */
void sysv_sem_exit(struct proc *p);

/* --- messages ---------------------------------------------------------------- */

struct msg_status {
	struct ipc_perm perm;
	int64_t stime, rtime, ctime;
	uint64_t bytes, count, max_bytes;
	pid_t lspid, lrpid;
};
#define MSG_NOERROR 010000
#define MSG_EXCEPT  020000
#define MSG_COPY    040000 /* type is a position; the message stays */

int kern_msgget(int key, int flags, int *idp);
int kern_msgsnd(int id, int64_t type, uaddr_t text, uint64_t size, int flags);
/* *typep: wanted in, received out; the text goes to user memory. */
int kern_msgrcv(int id, int64_t *typep, uaddr_t text, uint64_t size, int flags,
    uint64_t *donep);
int kern_msg_stat(int id, int how, struct msg_status *st);
int kern_msg_set(int id, uid_t uid, gid_t gid, mode_t mode, uint64_t max_bytes);
int kern_msg_remove(int id);
struct msg_totals {
	int queues, highest;
	uint64_t messages, bytes;
	int max_message, max_queue, max_queues;
};
void kern_msg_totals(struct msg_totals *t);

#endif
