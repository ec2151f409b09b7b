/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel log: the last KLOG_BYTES of what kprintf wrote.
 *
 * klog_write is called in any context, also under spin locks and in a panic,
 * so klog_spin is a leaf and klog_write gives up on it after a panic began.
 * Readers get it through sysctl kern.msgbuf (a snapshot) and /dev/kmsg (each
 * open has its own position; a reader that falls behind continues at the
 * oldest byte kept).  A write to /dev/kmsg is logged as a kernel message.
 *
 * A record of /dev/kmsg is one line "6,SEQ,USEC,-;text": the form that Linux's
 * dmesg reads; SEQ is the byte position.  The ring keeps no time for each
 * line, so USEC is 0.
 */
#include <sys/systm.h>
#include <sys/conf.h>
#include <sys/console.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <sys/ucred.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#define KLOG_BYTES  (64 * 1024) /* power of two */
#define KLOG_LINE   512		/* longest line of one /dev/kmsg read */
#define KLOG_HEADER 64

MALLOC_DEFINE(M_KLOG, "klog", "readers of /dev/kmsg");

static char klog_ring[KLOG_BYTES]; /* (klog_spin) */
static uint64_t klog_end;	   /* (klog_spin) bytes ever written */
static struct ev_source klog_events;
SPINLOCK_DEFINE(klog_spin, "klog");

struct klog_reader {
	uint64_t kr_pos;
};

/* (klog_spin) */
static uint64_t
klog_start(void)
{
	return (klog_end > KLOG_BYTES ? klog_end - KLOG_BYTES : 0);
}

static void
klog_store(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		klog_ring[klog_end++ & (KLOG_BYTES - 1)] = text[i];
}

void
klog_write(const char *text, size_t len)
{
	if (panicstr != NULL) {
		if (spin_trylock(&klog_spin)) {
			klog_store(text, len);
			spin_unlock(&klog_spin);
		}
		return;
	}
	spin_lock(&klog_spin);
	klog_store(text, len);
	spin_unlock(&klog_spin);
}

/*
 * Wakeups cannot be sent from klog_write: kprintf is called under the locks of
 * the scheduler itself.  A callout looks for news while somebody reads.
 */
#define KLOG_POLL_NS (NS_PER_SEC / 10)

static struct callout klog_callout;
static uint64_t klog_told;    /* (callout) klog_end at the last look */
static uint32_t klog_readers; /* (atomic) open files */

static void
klog_tick(void *arg)
{
	uint64_t end = atomic_load(&klog_end);

	if (end != klog_told) {
		klog_told = end;
		wakeup(&klog_end);
		ev_notify(&klog_events, EV_IN);
	}
	if (atomic_load(&klog_readers) > 0)
		callout_reset(&klog_callout, KLOG_POLL_NS, klog_tick, NULL);
}

/* (klog_spin) The line at pos without its newline; the position behind it. */
static uint64_t
klog_line(uint64_t pos, char *buf, size_t max, size_t *lenp)
{
	size_t n = 0;

	while (pos < klog_end) {
		char c = klog_ring[pos++ & (KLOG_BYTES - 1)];

		if (c == '\n')
			break;
		if (n < max)
			buf[n++] = c;
	}
	*lenp = n;
	return (pos);
}

static int
klog_open(struct cdev *dev, int fflags, struct file *fp)
{
	struct klog_reader *kr = kmalloc(sizeof(*kr), M_KLOG, M_WAITOK);

	if (kr == NULL)
		return (ENOMEM);
	spin_lock(&klog_spin);
	kr->kr_pos = klog_start();
	spin_unlock(&klog_spin);
	fp->f_private = kr;
	if (atomic_add(&klog_readers, 1) == 1)
		callout_reset(&klog_callout, KLOG_POLL_NS, klog_tick, NULL);
	return (0);
}

static int
klog_close(struct cdev *dev, int fflags, struct file *fp)
{
	atomic_sub(&klog_readers, 1);
	kfree(fp->f_private, M_KLOG);
	fp->f_private = NULL;
	return (0);
}

/*
 * Wait until there is something behind kr_pos.  Sleeps without klog_spin: the
 * sleep queues may be in the middle of a kprintf themselves.  A wakeup missed
 * between the look and the sleep costs one tick.
 */
static int
klog_wait(struct klog_reader *kr, bool nonblock)
{
	int error = 0;

	while (kr->kr_pos >= atomic_load(&klog_end)) {
		if (nonblock)
			return (EAGAIN);
		error = tsleep(&klog_end, PCATCH, "klog", KLOG_POLL_NS);
		if (error != 0 && error != EWOULDBLOCK)
			return (error);
	}
	return (0);
}

/* One line a read.  EINVAL: the buffer is too small for it. */
static int
klog_read(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	struct klog_reader *kr = fp->f_private;
	char *line = kmalloc(KLOG_HEADER + KLOG_LINE, M_KLOG, M_WAITOK);
	uint64_t next = 0;
	size_t len = 0;
	int error, head = 0;

	if (line == NULL)
		return (ENOMEM);
	error = klog_wait(kr, (ioflags & IO_NONBLOCK) != 0);
	if (error == 0) {
		spin_lock(&klog_spin);
		kr->kr_pos = MAX(kr->kr_pos, klog_start());
		head = ksnprintf(line, KLOG_HEADER, "6,%lu,0,-;", kr->kr_pos);
		next = klog_line(kr->kr_pos, line + head, KLOG_LINE - 1, &len);
		spin_unlock(&klog_spin);
		line[head + len] = '\n';
		len += head + 1;
		if (len > uio->uio_resid)
			error = EINVAL;
		else
			error = uiomove(line, len, uio);
	}
	if (error == 0)
		kr->kr_pos = next;
	kfree(line, M_KLOG);
	return (error);
}

/* A message of a program: logged and shown like one of the kernel's. */
static int
klog_devwrite(struct cdev *dev, struct uio *uio, int ioflags, struct file *fp)
{
	char buf[256];
	size_t n = MIN(uio->uio_resid, sizeof(buf) - 1);
	int error;

	error = uiomove(buf, n, uio);
	if (error != 0)
		return (error);
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	kprintf("%s\n", buf);
	uio->uio_resid = 0; /* what does not fit one message is dropped */
	return (0);
}

static uint32_t
klog_poll(
    struct cdev *dev, uint32_t events, struct ev_watch *w, struct file *fp)
{
	struct klog_reader *kr = fp->f_private;
	uint32_t r = EV_OUT;

	ev_attach(&klog_events, w);
	if (kr->kr_pos < atomic_load(&klog_end))
		r |= EV_IN;
	return (r & events);
}

static const struct cdev_ops klog_cdev_ops = {
    .d_name = "kmsg",
    .d_open = klog_open,
    .d_close = klog_close,
    .d_read = klog_read,
    .d_write = klog_devwrite,
    .d_poll = klog_poll,
    .d_flags = CDEVF_NOSEEK,
};

static void
klog_init(void)
{
	ev_source_init(&klog_events);
	callout_init(&klog_callout);
	if (cdev_create(&klog_cdev_ops, makedev(1, 11), 0, 0, 0644, NULL,
		"kmsg") == NULL)
		kprintf("klog: cannot create /dev/kmsg\n");
}
SYSINIT(klog, SI_DRIVER, klog_init);

/* A snapshot; a smaller buffer gets the newest part. */
static int
klog_sysctl(const struct sysctl_entry *e, struct sysctl_req *req)
{
	uint64_t start;
	size_t n;

	spin_lock(&klog_spin);
	start = klog_start();
	n = klog_end - start;
	if (req->sr_old != NULL) {
		if (n > req->sr_oldmax) {
			start += n - req->sr_oldmax;
			n = req->sr_oldmax;
		}
		for (size_t i = 0; i < n; i++)
			((char *)req->sr_old)[i] =
			    klog_ring[(start + i) & (KLOG_BYTES - 1)];
	}
	spin_unlock(&klog_spin);
	req->sr_oldlen = n;
	return (0);
}
SYSCTL_PROC(msgbuf, "kern.msgbuf", CTL_OPAQUE, CTLF_RD, klog_sysctl,
    "the last 64 KiB of kernel messages");
