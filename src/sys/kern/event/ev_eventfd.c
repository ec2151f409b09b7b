/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eventfd: a 64-bit counter as a file.  A write adds, a read takes all (or
 * one, as a semaphore) and waits while the counter is zero.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/malloc.h>
#include <sys/thread.h>
#include <sys/uio.h>

#include "event_var.h"

MALLOC_DEFINE(M_EVENTFD, "eventfd", "eventfd counters");

#define EVENTFD_MAX (UINT64_MAX - 1) /* the counter's largest value */

struct eventfd {
	struct spinlock ef_spin;
	uint64_t ef_count; /* (ef_spin) */
	bool ef_semaphore; /* (c) */
	struct ev_source ef_source;
};

/* (ef_spin) Wait until the counter changes; EAGAIN if nonblocking. */
static int
eventfd_block(struct eventfd *ef, struct file *fp)
{
	if ((fp->f_flags & O_NONBLOCK) != 0)
		return (EAGAIN);
	return (spin_sleep(ef, &ef->ef_spin, PCATCH, "eventfd", SLEEP_FOREVER));
}

static int
eventfd_fo_read(struct file *fp, struct uio *uio, int flags)
{
	struct eventfd *ef = fp->f_data;
	uint64_t value = 0;
	int error = 0;

	if (uio->uio_resid < sizeof(value))
		return (EINVAL);
	spin_lock(&ef->ef_spin);
	while (ef->ef_count == 0 && error == 0)
		error = eventfd_block(ef, fp);
	if (error == 0) {
		value = ef->ef_semaphore ? 1 : ef->ef_count;
		ef->ef_count -= value;
	}
	spin_unlock(&ef->ef_spin);
	if (error != 0)
		return (error);
	wakeup(ef);
	ev_notify(&ef->ef_source, EV_OUT);
	return (uiomove(&value, sizeof(value), uio));
}

/* 0, EAGAIN, EINTR, ERESTART. */
static int
eventfd_add(struct eventfd *ef, struct file *fp, uint64_t value)
{
	int error = 0;

	spin_lock(&ef->ef_spin);
	while (value > EVENTFD_MAX - ef->ef_count && error == 0)
		error = eventfd_block(ef, fp);
	if (error == 0)
		ef->ef_count += value;
	spin_unlock(&ef->ef_spin);
	if (error != 0)
		return (error);
	wakeup(ef);
	ev_notify(&ef->ef_source, EV_IN);
	return (0);
}

static int
eventfd_fo_write(struct file *fp, struct uio *uio, int flags)
{
	struct eventfd *ef = fp->f_data;
	size_t resid = uio->uio_resid;
	uint64_t value;
	int error;

	if (resid < sizeof(value))
		return (EINVAL);
	error = uiomove(&value, sizeof(value), uio);
	if (error == 0 && value == UINT64_MAX)
		error = EINVAL;
	if (error == 0)
		error = eventfd_add(ef, fp, value);
	if (error != 0)
		uio->uio_resid = resid; /* nothing was written */
	return (error);
}

static uint32_t
eventfd_fo_poll(struct file *fp, uint32_t events, struct ev_watch *w)
{
	struct eventfd *ef = fp->f_data;
	uint32_t r = 0;

	ev_attach(&ef->ef_source, w);
	spin_lock(&ef->ef_spin);
	if (ef->ef_count > 0)
		r |= EV_IN;
	if (ef->ef_count < EVENTFD_MAX)
		r |= EV_OUT;
	spin_unlock(&ef->ef_spin);
	return (r & events);
}

static void
eventfd_fo_name(struct file *fp, char *buf, size_t size)
{
	ksnprintf(buf, size, "anon_inode:[eventfd]");
}

static void
eventfd_fo_close(struct file *fp)
{
	struct eventfd *ef = fp->f_data;

	ev_source_destroy(&ef->ef_source);
	kfree(ef, M_EVENTFD);
}

static const struct fileops eventfd_fileops = {
    .fo_read = eventfd_fo_read,
    .fo_write = eventfd_fo_write,
    .fo_poll = eventfd_fo_poll,
    .fo_stat = file_anon_stat,
    .fo_name = eventfd_fo_name,
    .fo_close = eventfd_fo_close,
};

int
eventfd_get(int fd, struct file **fpp)
{
	return (ev_file_get(fd, &eventfd_fileops, fpp));
}

void
eventfd_signal(struct file *fp)
{
	struct eventfd *ef = fp->f_data;

	spin_lock(&ef->ef_spin);
	if (ef->ef_count < EVENTFD_MAX)
		ef->ef_count++;
	spin_unlock(&ef->ef_spin);
	wakeup(ef);
	ev_notify(&ef->ef_source, EV_IN);
}

/* EINVAL (initial), ENOMEM, ENFILE, EMFILE. */
int
kern_eventfd(uint64_t initial, bool semaphore, int oflags, int *fdp)
{
	struct eventfd *ef;
	struct file *fp;

	if (initial > EVENTFD_MAX)
		return (EINVAL);
	ef = kmalloc(sizeof(*ef), M_EVENTFD, M_WAITOK | M_ZERO);
	if (ef == NULL)
		return (ENOMEM);
	spin_init(&ef->ef_spin, "eventfd");
	ef->ef_count = initial;
	ef->ef_semaphore = semaphore;
	ev_source_init(&ef->ef_source);
	fp = file_create(DTYPE_EVENTFD, FREAD | FWRITE | (oflags & O_NONBLOCK),
	    &eventfd_fileops, ef);
	if (fp == NULL) {
		kfree(ef, M_EVENTFD);
		return (ENFILE);
	}
	return (ev_file_install(fp, oflags, fdp));
}
