/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX message queues.
 *
 * 1. A queue has a name in one flat table, attributes like a file, and messages
 *    in the order of priority, then of arrival.  It lives while it has a name
 *    or an open file; vfs/mqueue shows the table as a directory.
 *
 * 2. Room is for mq_maxmsg messages of up to mq_msgsize bytes.  What a user's
 *    queues could hold counts against RLIMIT_MSGQUEUE when one is made.
 *
 * 3. Notification: one process may ask to be told when a message comes to the
 *    empty queue while nobody waits for one.  It is told once, by a signal or
 *    by the ABI's teller.  The request ends with that, with the file it was
 *    made through, or when its process is gone.
 *
 * 4. Locking.  mq_spin guards the table and all queues.  Texts are copied from
 *    and to user memory by whoever owns the message, without it.
 */
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/ktr.h>
#include <sys/malloc.h>
#include <sys/mqueue.h>
#include <sys/proc.h>
#include <sys/sysctl.h>
#include <sys/systm.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include <sys/vnode.h>

static MALLOC_DEFINE(M_MQUEUE, "mqueue", "POSIX message queues");
FAULT_POINT(fault_mqueue, "mqueue");

#define MQ_HARD_MSGS 65536 /* bounds for root */
#define MQ_HARD_SIZE 16777216
#define MQ_MSG_COST  80 /* what a message is taken to cost beside its text */

struct mq_message {
	TAILQ_ENTRY(mq_message) mm_link; /* (q) */
	unsigned mm_prio;
	uint64_t mm_size;
	char mm_text[];
};

/* Who wants to be told, and how. */
struct mq_request {
	struct proc *mr_proc;	    /* held; NULL: there is no request */
	const struct file *mr_file; /* it was made through */
	struct ksigevent mr_event;
	struct mq_teller *mr_teller; /* or NULL */
};

struct mqueue {
	TAILQ_ENTRY(mqueue) mq_link;	      /* (q) while it has a name */
	refcount_t mq_refs;		      /* name, files, vnodes */
	bool mq_linked;			      /* (q) */
	uint64_t mq_ino;		      /* (c) */
	uid_t mq_maker;			      /* (c) whose limit it counts on */
	mode_t mq_mode;			      /* (q) */
	uid_t mq_uid;			      /* (q) */
	gid_t mq_gid;			      /* (q) */
	struct timespec mq_atime, mq_mtime;   /* (q) */
	struct timespec mq_ctime;	      /* (q) */
	uint64_t mq_maxmsg, mq_msgsize;	      /* (c) */
	uint64_t mq_count, mq_bytes;	      /* (q) */
	unsigned mq_receivers;		      /* (q) that sleep */
	TAILQ_HEAD(, mq_message) mq_messages; /* (q) next one first */
	struct ev_source mq_source;
	struct mq_request mq_request; /* (q) */
	char mq_name[NAME_MAX + 1];   /* (c) */
};

SPINLOCK_DEFINE(mq_spin, "mqueue");
static TAILQ_HEAD(mqueue_list, mqueue) mqueues = TAILQ_HEAD_INITIALIZER(
    mqueues);			 /* (q) in the order of mq_ino */
static uint64_t mq_last_ino = 1; /* (q) 1 is the directory */
static int mq_count;		 /* (q) with a name */
static int mq_queues_max = 256, mq_msg_max = 10, mq_msgsize_max = 8192;
static int mq_msg_default = 10, mq_msgsize_default = 8192;

SYSCTL_INT(mq_queues_max, "kern.mqueue.queues_max", CTLF_RW, &mq_queues_max,
    "message queues that may exist");
SYSCTL_INT(mq_msg_max, "kern.mqueue.msg_max", CTLF_RW, &mq_msg_max,
    "messages in a queue that a user may ask for");
SYSCTL_INT(mq_msgsize_max, "kern.mqueue.msgsize_max", CTLF_RW, &mq_msgsize_max,
    "bytes of a message that a user may ask for");
SYSCTL_INT(mq_msg_default, "kern.mqueue.msg_default", CTLF_RW, &mq_msg_default,
    "messages in a queue made without attributes");
SYSCTL_INT(mq_msgsize_default, "kern.mqueue.msgsize_default", CTLF_RW,
    &mq_msgsize_default, "bytes of a message in such a queue");

static const struct fileops mqueue_fileops;

/* --- life ------------------------------------------------------------------------ */

static struct timespec
mq_now(void)
{
	return (ns_to_ts(clock_real()));
}

/* (q) The request leaves the queue: mq_request_end it outside the lock. */
static struct mq_request
mq_request_take(struct mqueue *mq)
{
	struct mq_request r = mq->mq_request;

	memset(&mq->mq_request, 0, sizeof(mq->mq_request));
	return (r);
}

/* A message came for it, or it ends otherwise.  No spin lock held. */
static void
mq_request_end(const struct mq_request *r, bool message)
{
	const struct ksigevent *ev = &r->mr_event;
	ksiginfo_t ksi;

	if (r->mr_proc == NULL)
		return;
	if (message && ev->sigev_notify == SIGEV_SIGNAL) {
		memset(&ksi, 0, sizeof(ksi));
		ksi.ksi_signo = ev->sigev_signo;
		ksi.ksi_code = SI_MESGQ;
		ksi.ksi_pid = curproc->p_pid;
		ksi.ksi_uid = cred_current()->cr_ruid;
		ksi.ksi_value = ev->sigev_value;
		sig_send_proc(r->mr_proc, ev->sigev_signo, &ksi);
	}
	if (r->mr_teller != NULL)
		r->mr_teller->mt_tell(r->mr_teller, message);
	proc_drop(r->mr_proc);
}

void
mqueue_drop(struct mqueue *mq)
{
	struct mq_message *m;

	if (!ref_drop(&mq->mq_refs))
		return;
	while ((m = TAILQ_FIRST(&mq->mq_messages)) != NULL) {
		TAILQ_REMOVE(&mq->mq_messages, m, mm_link);
		kfree(m, M_MQUEUE);
	}
	mq_request_end(&mq->mq_request, false);
	ev_source_destroy(&mq->mq_source);
	kfree(mq, M_MQUEUE);
}

/* (q) */
static struct mqueue *
mq_lookup(const char *name, size_t len)
{
	struct mqueue *mq;

	TAILQ_FOREACH(mq, &mqueues, mq_link)
		if (strlen(mq->mq_name) == len &&
		    memcmp(mq->mq_name, name, len) == 0)
			return (mq);
	return (NULL);
}

struct mqueue *
mqueue_find(const char *name, size_t len)
{
	struct mqueue *mq;

	spin_lock(&mq_spin);
	if ((mq = mq_lookup(name, len)) != NULL)
		ref_hold(&mq->mq_refs);
	spin_unlock(&mq_spin);
	return (mq);
}

struct mqueue *
mqueue_next(uint64_t ino)
{
	struct mqueue *mq;

	spin_lock(&mq_spin);
	TAILQ_FOREACH(mq, &mqueues, mq_link)
		if (mq->mq_ino > ino)
			break;
	if (mq != NULL)
		ref_hold(&mq->mq_refs);
	spin_unlock(&mq_spin);
	return (mq);
}

static uint64_t
mq_cost(const struct mqueue *mq)
{
	return (mq->mq_maxmsg * (mq->mq_msgsize + MQ_MSG_COST));
}

/* (q) Bytes that the named queues of a user may take. */
static uint64_t
mq_user_cost(uid_t uid)
{
	struct mqueue *mq;
	uint64_t sum = 0;

	TAILQ_FOREACH(mq, &mqueues, mq_link)
		if (mq->mq_maker == uid)
			sum += mq_cost(mq);
	return (sum);
}

/* EINVAL for what this user may not ask for. */
static int
mq_check_attr(const struct mq_attr *attr)
{
	bool root = cred_check_cap(cred_current(), CAP_SYS_RESOURCE) == 0;
	int64_t msgs = root ? MQ_HARD_MSGS : mq_msg_max;
	int64_t size = root ? MQ_HARD_SIZE : mq_msgsize_max;

	if (attr->maxmsg <= 0 || attr->msgsize <= 0 || attr->maxmsg > msgs ||
	    attr->msgsize > size)
		return (EINVAL);
	return (0);
}

static struct mqueue *
mq_alloc(const char *name, size_t len, mode_t mode, const struct mq_attr *attr)
{
	const struct ucred *cr = cred_current();
	struct mqueue *mq;

	if (fault_fires(&fault_mqueue) ||
	    (mq = kmalloc(sizeof(*mq), M_MQUEUE, M_WAITOK | M_ZERO)) == NULL)
		return (NULL);
	ref_init(&mq->mq_refs, 2); /* the name's, the caller's */
	memcpy(mq->mq_name, name, len);
	mq->mq_maker = cr->cr_ruid;
	mq->mq_mode = mode & 07777;
	mq->mq_uid = cr->cr_fsuid;
	mq->mq_gid = cr->cr_fsgid;
	mq->mq_atime = mq->mq_mtime = mq->mq_ctime = mq_now();
	mq->mq_maxmsg =
	    (uint64_t)(attr != NULL ? attr->maxmsg : mq_msg_default);
	mq->mq_msgsize =
	    (uint64_t)(attr != NULL ? attr->msgsize : mq_msgsize_default);
	TAILQ_INIT(&mq->mq_messages);
	ev_source_init(&mq->mq_source);
	return (mq);
}

/* The mode is final.  EINVAL, EEXIST, ENOSPC, EMFILE, ENOMEM. */
int
mqueue_create(const char *name, size_t len, mode_t mode,
    const struct mq_attr *attr, struct mqueue **mqp)
{
	uint64_t limit = proc_rlimit(RLIMIT_MSGQUEUE);
	struct mqueue *mq;
	int error = 0;

	if (attr != NULL && (error = mq_check_attr(attr)) != 0)
		return (error);
	if ((mq = mq_alloc(name, len, mode, attr)) == NULL)
		return (ENOMEM);
	spin_lock(&mq_spin);
	if (mq_lookup(name, len) != NULL)
		error = EEXIST;
	else if (mq_count >= mq_queues_max &&
	    cred_check_cap(cred_current(), CAP_SYS_RESOURCE) != 0)
		error = ENOSPC;
	else if (mq_user_cost(mq->mq_maker) + mq_cost(mq) > limit)
		error = EMFILE;
	if (error == 0) {
		mq->mq_ino = ++mq_last_ino;
		mq->mq_linked = true;
		mq_count++;
		TAILQ_INSERT_TAIL(&mqueues, mq, mq_link);
	}
	spin_unlock(&mq_spin);
	if (error != 0) {
		ref_init(&mq->mq_refs, 1); /* nobody else has seen it */
		mqueue_drop(mq);
		return (error);
	}
	*mqp = mq;
	return (0);
}

int
mqueue_unlink(struct mqueue *mq)
{
	bool linked;

	spin_lock(&mq_spin);
	if ((linked = mq->mq_linked)) {
		TAILQ_REMOVE(&mqueues, mq, mq_link);
		mq->mq_linked = false;
		mq_count--;
	}
	spin_unlock(&mq_spin);
	if (!linked)
		return (ENOENT);
	mqueue_drop(mq);
	return (0);
}

/* --- attributes -------------------------------------------------------------------- */

uint64_t
mqueue_ino(const struct mqueue *mq)
{
	return (mq->mq_ino);
}

const char *
mqueue_name(const struct mqueue *mq)
{
	return (mq->mq_name);
}

#define MQ_TEXT_SIZE 80 /* of what read gives, as told by stat */

void
mqueue_getattr(struct mqueue *mq, struct vattr *va)
{
	memset(va, 0, sizeof(*va));
	spin_lock(&mq_spin);
	va->va_type = VREG;
	va->va_mode = mq->mq_mode;
	va->va_nlink = mq->mq_linked ? 1 : 0;
	va->va_uid = mq->mq_uid;
	va->va_gid = mq->mq_gid;
	va->va_ino = mq->mq_ino;
	va->va_size = MQ_TEXT_SIZE;
	va->va_blksize = PAGE_SIZE;
	va->va_atime = mq->mq_atime;
	va->va_mtime = mq->mq_mtime;
	va->va_ctime = va->va_btime = mq->mq_ctime;
	spin_unlock(&mq_spin);
}

void
mqueue_setattr(struct mqueue *mq, const struct vattr *va)
{
	struct timespec now = mq_now();

	spin_lock(&mq_spin);
	if ((va->va_mask & VA_MODE) != 0)
		mq->mq_mode = va->va_mode & 07777;
	if ((va->va_mask & VA_UID) != 0)
		mq->mq_uid = va->va_uid;
	if ((va->va_mask & VA_GID) != 0)
		mq->mq_gid = va->va_gid;
	if ((va->va_mask & (VA_ATIME | VA_NOW_A)) != 0)
		mq->mq_atime =
		    (va->va_mask & VA_NOW_A) != 0 ? now : va->va_atime;
	if ((va->va_mask & (VA_MTIME | VA_NOW_M)) != 0)
		mq->mq_mtime =
		    (va->va_mask & VA_NOW_M) != 0 ? now : va->va_mtime;
	mq->mq_ctime = now;
	spin_unlock(&mq_spin);
}

/* --- open and unlink ----------------------------------------------------------------- */

void
mqueue_file_init(struct mqueue *mq, struct file *fp)
{
	ref_hold(&mq->mq_refs);
	fp->f_data = mq;
	fp->f_ops = &mqueue_fileops;
}

/* 0, EACCES (also for a slash), ENAMETOOLONG, ENOENT. */
static int
mq_check_name(const char *name)
{
	if (name[0] == '\0')
		return (ENOENT);
	if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return (EACCES);
	return (strlen(name) > NAME_MAX ? ENAMETOOLONG : 0);
}

/* The queue to open, held, made if need be. */
static int
mq_open_queue(const char *name, int oflags, mode_t mode,
    const struct mq_attr *attr, struct mqueue **mqp)
{
	size_t len = strlen(name);
	struct vattr va;
	int rwx = 0, error;

	do {
		if ((*mqp = mqueue_find(name, len)) == NULL) {
			if ((oflags & O_CREAT) == 0)
				return (ENOENT);
			error = mqueue_create(name, len,
			    mode & ~curproc->p_fs->fc_umask, attr, mqp);
			continue; /* EEXIST: somebody was faster */
		}
		if ((oflags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
			mqueue_drop(*mqp);
			return (EEXIST);
		}
		if ((FFLAGS(oflags) & FREAD) != 0)
			rwx |= R_OK;
		if ((FFLAGS(oflags) & FWRITE) != 0)
			rwx |= W_OK;
		mqueue_getattr(*mqp, &va);
		error = vaccess(VREG, va.va_mode, va.va_uid, va.va_gid, rwx,
		    cred_current());
		if (error != 0)
			mqueue_drop(*mqp);
	} while (error == EEXIST);
	return (error);
}

int
kern_mq_open(const char *name, int oflags, mode_t mode,
    const struct mq_attr *attr, int *fdp)
{
	struct mqueue *mq;
	struct file *fp;
	int error;

	if ((oflags & O_ACCMODE) == O_ACCMODE)
		return (EINVAL);
	if ((error = mq_check_name(name)) != 0 ||
	    (error = mq_open_queue(name, oflags, mode, attr, &mq)) != 0)
		return (error);
	fp = file_create(DTYPE_OTHER,
	    (uint32_t)FFLAGS(oflags) & (FREAD | FWRITE | O_NONBLOCK),
	    &mqueue_fileops, mq);
	if (fp == NULL) {
		mqueue_drop(mq);
		return (ENFILE);
	}
	error = fd_alloc(fp, 0, FDF_CLOEXEC, fdp);
	file_drop(fp); /* the table has its own; on failure the last */
	return (error);
}

/* The directory is everybody's with the sticky bit: the owner's right. */
int
kern_mq_unlink(const char *name)
{
	const struct ucred *cr = cred_current();
	struct mqueue *mq;
	int error;

	if ((error = mq_check_name(name)) != 0)
		return (error);
	if ((mq = mqueue_find(name, strlen(name))) == NULL)
		return (ENOENT);
	if (cr->cr_fsuid != mq->mq_uid && cred_check_cap(cr, CAP_FOWNER) != 0)
		error = EPERM;
	else
		error = mqueue_unlink(mq);
	mqueue_drop(mq);
	return (error);
}

/* --- messages -------------------------------------------------------------------------- */

/* The queue of fd for reading or writing; the file is held.  EBADF. */
static int
mq_get(int fd, int need, struct file **fpp, struct mqueue **mqp)
{
	int error = fd_get(fd, 0, fpp);

	if (error != 0)
		return (error);
	if ((*fpp)->f_ops != &mqueue_fileops ||
	    ((int)(*fpp)->f_flags & need) != need) {
		file_drop(*fpp);
		return (EBADF);
	}
	*mqp = (*fpp)->f_data;
	return (0);
}

/* (q) Sleep until the queue changes.  EAGAIN, ETIMEDOUT, a signal's error. */
static int
mq_wait(
    struct mqueue *mq, struct file *fp, nstime_t until_ns, const char *wmesg)
{
	nstime_t left = SLEEP_FOREVER;
	int error;

	if ((fp->f_flags & O_NONBLOCK) != 0)
		return (EAGAIN);
	if (until_ns >= 0 && (left = until_ns - clock_real()) <= 0)
		return (ETIMEDOUT);
	error = spin_sleep(mq, &mq_spin, PCATCH, wmesg, left);
	return (error == EWOULDBLOCK ? ETIMEDOUT : error);
}

/* (q) Behind those of the same priority. */
static void
mq_insert(struct mqueue *mq, struct mq_message *m)
{
	struct mq_message *at;

	TAILQ_FOREACH(at, &mq->mq_messages, mm_link)
		if (at->mm_prio < m->mm_prio)
			break;
	if (at != NULL)
		TAILQ_INSERT_BEFORE(at, m, mm_link);
	else
		TAILQ_INSERT_TAIL(&mq->mq_messages, m, mm_link);
	mq->mq_count++;
	mq->mq_bytes += m->mm_size;
	mq->mq_mtime = mq->mq_ctime = mq_now();
}

static int
mq_send(
    struct mqueue *mq, struct file *fp, struct mq_message *m, nstime_t until_ns)
{
	struct mq_request r = {.mr_proc = NULL};
	int error = 0;

	spin_lock(&mq_spin);
	while (mq->mq_count >= mq->mq_maxmsg && error == 0)
		error = mq_wait(mq, fp, until_ns, "mqsend");
	if (error == 0) {
		mq_insert(mq, m);
		if (mq->mq_count == 1 && mq->mq_receivers == 0)
			r = mq_request_take(mq);
		wakeup(mq);
	}
	spin_unlock(&mq_spin);
	if (error == 0)
		ev_notify(&mq->mq_source, EV_IN);
	mq_request_end(&r, true);
	return (error);
}

int
kern_mq_send(
    int fd, uaddr_t text, uint64_t size, unsigned prio, nstime_t until_ns)
{
	struct mq_message *m = NULL;
	struct mqueue *mq;
	struct file *fp;
	int error;

	if (prio >= MQ_PRIO_MAX)
		return (EINVAL);
	if ((error = mq_get(fd, FWRITE, &fp, &mq)) != 0)
		return (error);
	if (size > mq->mq_msgsize)
		error = EMSGSIZE;
	else if ((m = kmalloc(sizeof(*m) + size, M_MQUEUE, M_WAITOK)) == NULL)
		error = ENOMEM;
	else
		error = copyin(text, m->mm_text, size);
	if (error == 0) {
		m->mm_prio = prio;
		m->mm_size = size;
		error = mq_send(mq, fp, m, until_ns);
	}
	if (error != 0)
		kfree(m, M_MQUEUE);
	file_drop(fp);
	return (error);
}

int
kern_mq_receive(int fd, uaddr_t text, uint64_t size, unsigned *priop,
    uint64_t *donep, nstime_t until_ns)
{
	struct mq_message *m = NULL;
	struct mqueue *mq;
	struct file *fp;
	int error;

	if ((error = mq_get(fd, FREAD, &fp, &mq)) != 0)
		return (error);
	if (size < mq->mq_msgsize)
		error = EMSGSIZE;
	spin_lock(&mq_spin);
	mq->mq_receivers++;
	while (error == 0 && (m = TAILQ_FIRST(&mq->mq_messages)) == NULL)
		error = mq_wait(mq, fp, until_ns, "mqrecv");
	mq->mq_receivers--;
	if (m != NULL) {
		TAILQ_REMOVE(&mq->mq_messages, m, mm_link);
		mq->mq_count--;
		mq->mq_bytes -= m->mm_size;
		mq->mq_atime = mq->mq_ctime = mq_now();
		wakeup(mq);
	}
	spin_unlock(&mq_spin);
	if (m != NULL) {
		ev_notify(&mq->mq_source, EV_OUT);
		*priop = m->mm_prio;
		*donep = m->mm_size;
		error = copyout(m->mm_text, text, m->mm_size);
		kfree(m, M_MQUEUE);
	}
	file_drop(fp);
	return (error);
}

/* --- notification, attributes ------------------------------------------------------------ */

/* (q) Is there a request of a process that still lives? */
static bool
mq_notify_pending(const struct mqueue *mq)
{
	const struct proc *p = mq->mq_request.mr_proc;

	return (p != NULL && p->p_state != PS_ZOMBIE &&
	    (p->p_flags & PF_EXITING) == 0);
}

int
kern_mq_notify(int fd, const struct ksigevent *ev, struct mq_teller *mt)
{
	struct mq_request old = {.mr_proc = NULL};
	struct proc *p = curproc;
	struct mqueue *mq;
	struct file *fp;
	int error;

	if ((error = mq_get(fd, 0, &fp, &mq)) != 0)
		return (error);
	spin_lock(&mq_spin);
	if (ev == NULL) {
		if (mq->mq_request.mr_proc == p)
			old = mq_request_take(mq);
	} else if (mq_notify_pending(mq)) {
		error = EBUSY;
	} else {
		old = mq_request_take(mq);
		proc_hold(p);
		mq->mq_request = (struct mq_request){p, fp, *ev, mt};
	}
	spin_unlock(&mq_spin);
	mq_request_end(&old, false);
	file_drop(fp);
	return (error);
}

int
kern_mq_attr(int fd, const struct mq_attr *new, struct mq_attr *old)
{
	struct mqueue *mq;
	struct file *fp;
	int error;

	if (new != NULL && (new->flags & ~(int64_t)O_NONBLOCK) != 0)
		return (EINVAL);
	if ((error = mq_get(fd, 0, &fp, &mq)) != 0)
		return (error);
	if (old != NULL) {
		old->flags = fp->f_flags & O_NONBLOCK;
		old->maxmsg = (int64_t)mq->mq_maxmsg;
		old->msgsize = (int64_t)mq->mq_msgsize;
		old->curmsgs = (int64_t)atomic_load(&mq->mq_count);
	}
	if (new != NULL &&new->flags != 0)
		atomic_or(&fp->f_flags, O_NONBLOCK);
	else if (new != NULL)
		atomic_and(&fp->f_flags, ~(uint32_t)O_NONBLOCK);
	file_drop(fp);
	return (0);
}

/* --- as a file -------------------------------------------------------------------------------- */

/* One line of text about the queue: Linux's. */
static int
mqueue_fo_read(struct file *fp, struct uio *uio, int flags)
{
	struct mqueue *mq = fp->f_data;
	const struct mq_request *r = &mq->mq_request; /* zeros: none */
	bool own = (flags & FOF_OFFSET) == 0;
	char text[128];
	uint64_t off, len;
	int error = 0;

	spin_lock(&mq_spin);
	len = (uint64_t)ksnprintf(text, sizeof(text),
	    "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
	    mq->mq_bytes, r->mr_event.sigev_notify,
	    r->mr_event.sigev_notify == SIGEV_SIGNAL ? r->mr_event.sigev_signo
						     : 0,
	    r->mr_proc != NULL ? r->mr_proc->p_pid : 0);
	spin_unlock(&mq_spin);
	if (own)
		lock_excl(&fp->f_offset_lock);
	off = (uint64_t)(own ? fp->f_offset : uio->uio_offset);
	if (off < len)
		error =
		    uiomove(text + off, MIN(len - off, uio->uio_resid), uio);
	if (own) {
		fp->f_offset =
		    off < len && error == 0 ? uio->uio_offset : fp->f_offset;
		lock_release(&fp->f_offset_lock);
	}
	return (error);
}

static uint32_t
mqueue_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct mqueue *mq = fp->f_data;
	uint32_t r = 0;

	ev_attach(&mq->mq_source, w);
	spin_lock(&mq_spin);
	if (mq->mq_count > 0)
		r |= EV_IN;
	if (mq->mq_count < mq->mq_maxmsg)
		r |= EV_OUT;
	spin_unlock(&mq_spin);
	return (r & events);
}

static int
mqueue_fo_stat(struct file *fp, struct stat *st)
{
	struct vattr va;

	mqueue_getattr(fp->f_data, &va);
	memset(st, 0, sizeof(*st));
	st->st_ino = va.va_ino;
	st->st_mode = S_IFREG | va.va_mode;
	st->st_nlink = va.va_nlink;
	st->st_uid = va.va_uid;
	st->st_gid = va.va_gid;
	st->st_size = (off_t)va.va_size;
	st->st_blksize = PAGE_SIZE;
	st->st_atim = va.va_atime;
	st->st_mtim = va.va_mtime;
	st->st_ctim = va.va_ctime;
	return (0);
}

static void
mqueue_fo_name(struct file *fp, char *buf, size_t size)
{
	ksnprintf(buf, size, "/%s", mqueue_name(fp->f_data));
}

static void
mqueue_fo_close(struct file *fp)
{
	struct mqueue *mq = fp->f_data;
	struct mq_request r = {.mr_proc = NULL};

	spin_lock(&mq_spin);
	if (mq->mq_request.mr_file == fp)
		r = mq_request_take(mq);
	spin_unlock(&mq_spin);
	mq_request_end(&r, false);
	mqueue_drop(mq);
}

static const struct fileops mqueue_fileops = {
    .fo_read = mqueue_fo_read,
    .fo_poll = mqueue_fo_poll,
    .fo_stat = mqueue_fo_stat,
    .fo_name = mqueue_fo_name,
    .fo_close = mqueue_fo_close,
};

/* Queues outlive processes, but not the system. */
static void
mqueue_shutdown(void)
{
	struct mqueue *mq;

	while ((mq = mqueue_next(0)) != NULL) {
		(void)mqueue_unlink(mq);
		mqueue_drop(mq);
	}
}
SHUTDOWN_HOOK(mqueue, mqueue_shutdown);
