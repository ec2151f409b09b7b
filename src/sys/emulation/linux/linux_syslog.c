/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux: syslog(2), the log of kernel messages for klogctl and old dmesg.
 *
 * A call takes a snapshot of kern.msgbuf.  Two positions in it belong to the
 * whole system, as on Linux: what SYSLOG_ACTION_READ has taken, and where
 * SYSLOG_ACTION_CLEAR hid what is older.  Lines get the priority mark "<6>".
 * Sources: syslog(2) of the Linux man pages.
 */
#include "linux_var.h"
#include <sys/malloc.h>
#include <sys/sysctl.h>
#include <sys/thread.h>
#include <sys/ucred.h>

#define LOG_BYTES (64 * 1024)
#define LOG_MARK  "<6>"

enum {
	SYSLOG_CLOSE,
	SYSLOG_OPEN,
	SYSLOG_READ,
	SYSLOG_READ_ALL,
	SYSLOG_READ_CLEAR,
	SYSLOG_CLEAR,
	SYSLOG_CONSOLE_OFF,
	SYSLOG_CONSOLE_ON,
	SYSLOG_CONSOLE_LEVEL,
	SYSLOG_SIZE_UNREAD,
	SYSLOG_SIZE_BUFFER
};

LOCK_DEFINE(syslog_lock, "syslog");
static size_t syslog_taken;   /* (syslog_lock) bytes of the log READ has seen */
static size_t syslog_cleared; /* (syslog_lock) bytes CLEAR hides */

/* The log from byte `from` on, in LOG_BYTES at buf; how much. */
static size_t
syslog_snapshot(char *buf, size_t from, size_t *endp)
{
	struct sysctl_req req = {.sr_old = buf, .sr_oldmax = LOG_BYTES};

	*endp = sysctl_access("kern.msgbuf", &req) == 0 ? req.sr_oldlen : 0;
	if (from >= *endp)
		return (0);
	memmove(buf, buf + from, *endp - from);
	return (*endp - from);
}

/* Bytes of text with a mark for each line. */
static size_t
syslog_marked(const char *text, size_t n)
{
	size_t lines = n > 0 && text[n - 1] != '\n';

	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return (n + lines * (sizeof(LOG_MARK) - 1));
}

/* Copy out whole lines with their marks, at most len bytes. */
static int
syslog_copyout(
    const char *text, size_t n, uaddr_t to, size_t len, size_t *donep)
{
	const size_t mark = sizeof(LOG_MARK) - 1;
	size_t line, done = 0;
	int error = 0;

	for (size_t at = 0; at < n && error == 0; at += line) {
		for (line = 0; at + line < n;)
			if (text[at + line++] == '\n')
				break;
		if (done + mark + line > len)
			break;
		error = copyout(LOG_MARK, to + done, mark);
		if (error == 0)
			error = copyout(text + at, to + done + mark, line);
		done += mark + line;
	}
	*donep = done;
	return (error);
}

/* The newest lines that fit len bytes begin here. */
static size_t
syslog_tail(const char *text, size_t n, size_t len)
{
	size_t at = 0;

	while (at < n && syslog_marked(text + at, n - at) > len)
		while (at < n && text[at++] != '\n')
			continue;
	return (at);
}

/* READ waits for what it has not seen yet.  The log is looked at from time to
 * time, as /dev/kmsg does: who writes to it cannot wake anybody.  EINTR. */
static int
syslog_wait(char *buf)
{
	size_t n, end;
	int error = 0;

	for (;;) {
		lock_excl(&syslog_lock);
		n = syslog_snapshot(buf, syslog_taken, &end);
		lock_release(&syslog_lock);
		if (n > 0 || error != 0)
			return (error);
		error =
		    tsleep(&syslog_taken, PCATCH, "syslog", NS_PER_SEC / 10);
		if (error == EWOULDBLOCK)
			error = 0;
	}
}

static int
syslog_read(int type, uaddr_t to, int len, uint64_t *resp)
{
	char *buf;
	size_t n, at = 0, end, done = 0;
	int error;

	if (to == 0 || len < 0)
		return (EINVAL);
	if (len == 0)
		return (0);
	if ((buf = kmalloc(LOG_BYTES, M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	if (type == SYSLOG_READ && (error = syslog_wait(buf)) != 0) {
		kfree(buf, M_TEMP);
		return (error);
	}
	lock_excl(&syslog_lock);
	n = syslog_snapshot(
	    buf, type == SYSLOG_READ ? syslog_taken : syslog_cleared, &end);
	if (type != SYSLOG_READ)
		at = syslog_tail(buf, n, (size_t)len);
	error = syslog_copyout(buf + at, n - at, to, (size_t)len, &done);
	if (error == 0 && type == SYSLOG_READ)
		syslog_taken = end;
	if (error == 0 && type == SYSLOG_READ_CLEAR)
		syslog_cleared = end;
	lock_release(&syslog_lock);
	kfree(buf, M_TEMP);
	*resp = done;
	return (error);
}

/* CLEAR: everything there is now is old.  SIZE_UNREAD: how much READ has left. */
static int
syslog_count(int type, uint64_t *resp)
{
	char *buf = kmalloc(LOG_BYTES, M_TEMP, M_WAITOK);
	size_t n, end;

	if (buf == NULL)
		return (ENOMEM);
	lock_excl(&syslog_lock);
	n = syslog_snapshot(buf, syslog_taken, &end);
	if (type == SYSLOG_CLEAR)
		syslog_cleared = end;
	else
		*resp = syslog_marked(buf, n);
	lock_release(&syslog_lock);
	kfree(buf, M_TEMP);
	return (0);
}

int
linux_syslog(
    struct lwp *lp, const struct linux_syslog_args *uap, uint64_t *resp)
{
	if (uap->type < SYSLOG_CLOSE || uap->type > SYSLOG_SIZE_BUFFER)
		return (EINVAL);
	if (uap->type != SYSLOG_READ_ALL && uap->type != SYSLOG_SIZE_BUFFER &&
	    cred_check_root(cred_current()) != 0)
		return (EPERM);
	switch (uap->type) {
	case SYSLOG_READ:
	case SYSLOG_READ_ALL:
	case SYSLOG_READ_CLEAR:
		return (syslog_read(uap->type, uap->buf, uap->len, resp));
	case SYSLOG_CLEAR:
	case SYSLOG_SIZE_UNREAD:
		return (syslog_count(uap->type, resp));
	case SYSLOG_CONSOLE_LEVEL:
		return (uap->len < 1 || uap->len > 8 ? EINVAL : 0);
	case SYSLOG_SIZE_BUFFER:
		*resp = LOG_BYTES;
		return (0);
	default:
		return (0);
	}
}
