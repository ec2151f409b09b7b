/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System V message queues.
 *
 * 1. A message has a type and a text; a queue keeps them in the order they came.
 *    A receiver takes the first of any type, of one type, of any but one type,
 *    or of the lowest type up to a bound.
 *
 * 2. Senders wait while there is no room (bytes, and at most as many messages as
 *    bytes), receivers while there is nothing for them.  Both sleep on the
 *    queue and look again when it changes.  A removed queue (io_index < 0) stays
 *    in memory until the last sleeper (mq_users) has seen that.
 *
 * 3. Locking.  msg_table.it_spin guards everything.  Texts are copied from and
 *    to user memory without it, by the one who owns the message at the time.
 */
#include <sys/ktr.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include "sysv_var.h"

struct message {
	TAILQ_ENTRY(message) m_link; /* (i) */
	int64_t m_type;
	uint64_t m_size;
	char m_text[];
};

struct msgqueue {
	struct ipc_object mq_io;
	TAILQ_HEAD(, message) mq_messages;    /* (i) */
	int64_t mq_stime, mq_rtime, mq_ctime; /* (i) */
	uint64_t mq_bytes, mq_count;	      /* (i) */
	uint64_t mq_max_bytes;		      /* (i) */
	pid_t mq_lspid, mq_lrpid;	      /* (i) */
	uint32_t mq_users;		      /* (i) sleepers */
};

static struct lock_class msg_class = {"sysv msg", 0};
static struct ipc_table msg_table = {
    .it_spin = SPIN_INIT_CLASS(&msg_class), .it_highest = -1, .it_last = -1};
static uint64_t msg_bytes, msg_count; /* (i) of all queues */
static int msg_max = 8192, msg_max_bytes = 16384, msg_max_queues = 32000;

SYSCTL_INT(msgmax, "kern.ipc.msgmax", CTLF_RW, &msg_max,
    "largest System V message, bytes");
SYSCTL_INT(msgmnb, "kern.ipc.msgmnb", CTLF_RW, &msg_max_bytes,
    "bytes in a new System V message queue");
SYSCTL_INT(msgmni, "kern.ipc.msgmni", CTLF_RW, &msg_max_queues,
    "System V message queues");

static struct msgqueue *
queue_of(struct ipc_object *io)
{
	return ((struct msgqueue *)io);
}

/* --- messages -------------------------------------------------------------------- */

static void
message_take(struct msgqueue *mq, struct message *m)
{
	TAILQ_REMOVE(&mq->mq_messages, m, m_link);
	mq->mq_count--;
	mq->mq_bytes -= m->m_size;
	msg_count--;
	msg_bytes -= m->m_size;
}

static void
message_put(struct msgqueue *mq, struct message *m)
{
	TAILQ_INSERT_TAIL(&mq->mq_messages, m, m_link);
	mq->mq_count++;
	mq->mq_bytes += m->m_size;
	msg_count++;
	msg_bytes += m->m_size;
}

static bool
message_fits(const struct msgqueue *mq, uint64_t size)
{
	return (mq->mq_bytes + size <= mq->mq_max_bytes &&
	    mq->mq_count + 1 <= mq->mq_max_bytes);
}

/* What a receiver wants, by the rules of msgrcv(2). */
static struct message *
message_find(struct msgqueue *mq, int64_t type, int flags)
{
	struct message *m, *best = NULL;
	int64_t position = 0;

	TAILQ_FOREACH(m, &mq->mq_messages, m_link) {
		if ((flags & MSG_COPY) != 0) {
			if (position++ == type)
				return (m);
		} else if (type == 0) {
			return (m);
		} else if (type > 0) {
			if ((m->m_type == type) == ((flags & MSG_EXCEPT) == 0))
				return (m);
		} else if (m->m_type <=
			(type == INT64_MIN ? INT64_MAX : -type) &&
		    (best == NULL || m->m_type < best->m_type)) {
			best = m;
		}
	}
	return (best);
}

/* --- queues ------------------------------------------------------------------------ */

/*
 * (i) Wait for a change of mq.  0; EIDRM: it was removed, and may be gone; or a
 * signal's error.
 */
static int
queue_wait(struct msgqueue *mq, const char *wmesg)
{
	int error;

	mq->mq_users++;
	error = spin_sleep(mq, &msg_table.it_spin, PCATCH, wmesg, 0);
	mq->mq_users--;
	if (mq->mq_io.io_index >= 0)
		return (error);
	if (mq->mq_users == 0)
		kfree(mq, M_SYSV);
	return (EIDRM);
}

/* (i) Out of the table.  The messages are moved to list. */
static void
queue_remove(struct msgqueue *mq, struct msgqueue *list)
{
	struct message *m;

	while ((m = TAILQ_FIRST(&mq->mq_messages)) != NULL) {
		message_take(mq, m);
		TAILQ_INSERT_TAIL(&list->mq_messages, m, m_link);
	}
	ipc_leave(&msg_table, &mq->mq_io);
	wakeup(mq);
	if (mq->mq_users == 0)
		kfree(mq, M_SYSV);
}

static void
messages_free(struct msgqueue *list)
{
	struct message *m;

	while ((m = TAILQ_FIRST(&list->mq_messages)) != NULL) {
		TAILQ_REMOVE(&list->mq_messages, m, m_link);
		kfree(m, M_SYSV);
	}
}

static int
msg_match(struct ipc_object *io, uint64_t arg)
{
	return (0);
}

/* As shm_get_try. */
static int
msg_get_try(int key, int flags, struct msgqueue **mqp, int *idp)
{
	struct ipc_object *io;
	int error;

	spin_lock(&msg_table.it_spin);
	error = ipc_find_key(&msg_table, key, flags, msg_match, 0, &io);
	if (error == ENOENT && *mqp != NULL) {
		io = &(*mqp)->mq_io;
		error = ipc_enter(&msg_table, io, key, flags, msg_max_queues);
		if (error == 0)
			*mqp = NULL;
	}
	if (error == 0)
		*idp = io->io_perm.id;
	spin_unlock(&msg_table.it_spin);
	return (error);
}

static struct msgqueue *
queue_alloc(void)
{
	struct msgqueue *mq = kmalloc(sizeof(*mq), M_SYSV, M_WAITOK | M_ZERO);

	if (mq == NULL)
		return (NULL);
	TAILQ_INIT(&mq->mq_messages);
	mq->mq_max_bytes = (uint64_t)MAX(msg_max_bytes, 0);
	mq->mq_ctime = ipc_now();
	return (mq);
}

int
kern_msgget(int key, int flags, int *idp)
{
	bool make = (flags & IPC_CREAT) != 0 || key == IPC_PRIVATE;
	struct msgqueue *mq = NULL;
	int error;

	for (;;) {
		error = msg_get_try(key, flags, &mq, idp);
		if (error == ENOENT && make && mq == NULL) {
			if ((mq = queue_alloc()) == NULL)
				return (ENOMEM);
		} else if (error != EAGAIN ||
		    (error = ipc_table_grow(&msg_table)) != 0) {
			break;
		}
	}
	kfree(mq, M_SYSV);
	return (error);
}

/* --- sending and receiving ------------------------------------------------------------ */

/* (i) Put m into queue id as soon as there is room. */
static int
message_send(int id, struct message *m, int flags)
{
	struct ipc_object *io;
	struct msgqueue *mq;
	int error;

	for (;;) {
		if ((error = ipc_find_for(&msg_table, id, 0, 2, &io)) != 0)
			return (error);
		mq = queue_of(io);
		if (message_fits(mq, m->m_size))
			break;
		if ((flags & IPC_NOWAIT) != 0)
			return (EAGAIN);
		if ((error = queue_wait(mq, "msgsnd")) != 0)
			return (error);
	}
	message_put(mq, m);
	mq->mq_lspid = curproc->p_pid;
	mq->mq_stime = ipc_now();
	wakeup(mq);
	return (0);
}

int
kern_msgsnd(int id, int64_t type, uaddr_t text, uint64_t size, int flags)
{
	struct message *m;
	int error;

	if (size > (uint64_t)MAX(msg_max, 0) || id < 0 || type < 1)
		return (EINVAL);
	if ((m = kmalloc(sizeof(*m) + size, M_SYSV, M_WAITOK)) == NULL)
		return (ENOMEM);
	m->m_type = type;
	m->m_size = size;
	if ((error = copyin(text, m->m_text, size)) == 0) {
		spin_lock(&msg_table.it_spin);
		error = message_send(id, m, flags);
		spin_unlock(&msg_table.it_spin);
	}
	if (error != 0)
		kfree(m, M_SYSV);
	KTR_EVENT(PROC, msgsnd, "id=%d size=%lu error=%d", (uint64_t)id, size,
	    (uint64_t)error);
	return (error);
}

/* (i) Wait for a message that is wanted and fits. */
static int
message_receive(int id, int64_t type, uint64_t size, int flags,
    struct msgqueue **mqp, struct message **mp)
{
	struct ipc_object *io;
	int error;

	for (;;) {
		if ((error = ipc_find_for(&msg_table, id, 0, 4, &io)) != 0)
			return (error);
		*mqp = queue_of(io);
		*mp = message_find(*mqp, type, flags);
		if (*mp != NULL)
			break;
		if ((flags & IPC_NOWAIT) != 0)
			return (ENOMSG);
		if ((error = queue_wait(*mqp, "msgrcv")) != 0)
			return (error);
	}
	if (size < (*mp)->m_size && (flags & MSG_NOERROR) == 0)
		return (E2BIG);
	return (0);
}

/* A copy of a message that stays: spare has room for any. */
static void
message_copy(struct message *spare, const struct message *m, uint64_t size)
{
	spare->m_type = m->m_type;
	spare->m_size = MIN(m->m_size, size);
	memcpy(spare->m_text, m->m_text, spare->m_size);
}

int
kern_msgrcv(int id, int64_t *typep, uaddr_t text, uint64_t size, int flags,
    uint64_t *donep)
{
	struct message *m, *spare = NULL;
	struct msgqueue *mq;
	int error;

	if (id < 0 || size > INT64_MAX)
		return (EINVAL);
	if ((flags & MSG_COPY) != 0) {
		if ((flags & MSG_EXCEPT) != 0 || (flags & IPC_NOWAIT) == 0)
			return (EINVAL);
		size = MIN(size, (uint64_t)MAX(msg_max, 0));
		spare = kmalloc(sizeof(*spare) + size, M_SYSV, M_WAITOK);
		if (spare == NULL)
			return (ENOMEM);
	}
	spin_lock(&msg_table.it_spin);
	error = message_receive(id, *typep, size, flags, &mq, &m);
	if (error == 0 && spare != NULL) {
		message_copy(spare, m, size);
		m = spare;
		spare = NULL;
	} else if (error == 0) {
		message_take(mq, m);
		mq->mq_lrpid = curproc->p_pid;
		mq->mq_rtime = ipc_now();
		wakeup(mq);
	}
	spin_unlock(&msg_table.it_spin);
	kfree(spare, M_SYSV);
	if (error != 0)
		return (error);
	*donep = MIN(size, m->m_size);
	*typep = m->m_type;
	error = copyout(m->m_text, text, *donep);
	kfree(m, M_SYSV);
	return (error);
}

/* --- control ---------------------------------------------------------------------------- */

int
kern_msg_stat(int id, int how, struct msg_status *st)
{
	struct ipc_object *io;
	struct msgqueue *mq;
	int error;

	spin_lock(&msg_table.it_spin);
	if ((error = ipc_find_for(&msg_table, id, how, 4, &io)) == 0) {
		mq = queue_of(io);
		st->perm = io->io_perm;
		st->stime = mq->mq_stime;
		st->rtime = mq->mq_rtime;
		st->ctime = mq->mq_ctime;
		st->bytes = mq->mq_bytes;
		st->count = mq->mq_count;
		st->max_bytes = mq->mq_max_bytes;
		st->lspid = mq->mq_lspid;
		st->lrpid = mq->mq_lrpid;
	}
	spin_unlock(&msg_table.it_spin);
	return (error);
}

int
kern_msg_set(int id, uid_t uid, gid_t gid, mode_t mode, uint64_t max_bytes)
{
	struct ipc_object *io;
	int error;

	spin_lock(&msg_table.it_spin);
	if ((error = ipc_find_owned(&msg_table, id, &io)) == 0 &&
	    max_bytes > (uint64_t)MAX(msg_max_bytes, 0))
		error = cred_check_cap(cred_current(), CAP_SYS_RESOURCE);
	if (error == 0 && (error = ipc_set(io, uid, gid, mode)) == 0) {
		queue_of(io)->mq_max_bytes = max_bytes;
		queue_of(io)->mq_ctime = ipc_now();
		wakeup(io); /* there may be room now, or no right any more */
	}
	spin_unlock(&msg_table.it_spin);
	return (error);
}

int
kern_msg_remove(int id)
{
	struct msgqueue gone = {.mq_bytes = 0};
	struct ipc_object *io;
	int error;

	TAILQ_INIT(&gone.mq_messages);
	spin_lock(&msg_table.it_spin);
	if ((error = ipc_find_owned(&msg_table, id, &io)) == 0)
		queue_remove(queue_of(io), &gone);
	spin_unlock(&msg_table.it_spin);
	messages_free(&gone);
	return (error);
}

void
kern_msg_totals(struct msg_totals *t)
{
	spin_lock(&msg_table.it_spin);
	t->queues = msg_table.it_used;
	t->highest = MAX(msg_table.it_highest, 0);
	t->messages = msg_count;
	t->bytes = msg_bytes;
	t->max_message = msg_max;
	t->max_queue = msg_max_bytes;
	t->max_queues = msg_max_queues;
	spin_unlock(&msg_table.it_spin);
}

static void
msg_shutdown(void)
{
	for (int i = 0; i < msg_table.it_nslots; i++) {
		struct msgqueue gone = {.mq_bytes = 0};

		TAILQ_INIT(&gone.mq_messages);
		spin_lock(&msg_table.it_spin);
		if (msg_table.it_slots[i] != NULL)
			queue_remove(queue_of(msg_table.it_slots[i]), &gone);
		spin_unlock(&msg_table.it_spin);
		messages_free(&gone);
	}
	ipc_table_free(&msg_table);
}
SHUTDOWN_HOOK(sysv_msg, msg_shutdown);
