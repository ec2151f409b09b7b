/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to terminals and their drivers (console, pty).
 *
 * Locks: (T) tt_lock, sleeping; (t) proctree_lock, and tt_lock to change; (c)
 * constant.  Order: proctree_lock, tt_lock, es_spin.
 */
#ifndef KERN_TTY_VAR_H
#define KERN_TTY_VAR_H

#include <sys/tty.h>
#include <sys/conf.h>
#include <sys/thread.h>

#define TTY_IN_BYTES  4096 /* power of two; the longest line is one less */
#define TTY_OUT_BYTES 4096 /* power of two */

/* What a queued input byte means beyond its value. */
#define TQ_DELIM 0x1 /* ends a line */
#define TQ_EOF	 0x2 /* ends a line and is not part of it */
#define TQ_QUOTE 0x4 /* was quoted: erase shows it as ^X */

struct tty {
	struct lock tt_lock;
	refcount_t tt_refs;
	const struct tty_ops *tt_ops; /* (c) */
	void *tt_data;		      /* (c) the driver's */
	dev_t tt_dev;		      /* (c) once it is set by the driver */
	uint32_t tt_flags;	      /* (T) TTF_ */
	uint32_t tt_generation;	      /* (T) raised by a revoke */
	uint32_t tt_opens;	      /* (T) open files of this generation */
	struct session *tt_session;   /* (t) controlled, or NULL */
	pid_t tt_pgid;		      /* (t) foreground group, 0: none */
	struct termios tt_termios;    /* (T) */
	struct winsize tt_winsize;    /* (T) */
	struct ev_source tt_events;

	/* Input: [head, canon) may be read in canonical mode, [canon, tail)
	 * is the line being edited.  Free-running counters. */
	uint8_t *tt_in;				      /* (T) */
	uint8_t *tt_inflags;			      /* (T) TQ_ of each byte */
	uint32_t tt_in_head, tt_in_canon, tt_in_tail; /* (T) */
	uint32_t tt_nlines;	 /* (T) delimiters in [head, canon) */
	uint32_t tt_edit_column; /* (T) column where the line began */
	bool tt_lnext;		 /* (T) the next byte is quoted */
	uint8_t tt_pending_sig;	 /* (T) to send when tt_lock is free */

	/* Output. */
	uint8_t *tt_out;		   /* (T) */
	uint32_t tt_out_head, tt_out_tail; /* (T) */
	uint32_t tt_column;		   /* (T) of the cursor */
	uint8_t tt_pktbits; /* (T) TIOCPKT_ events, taken by pty */
};
#define TTF_STOPPED  0x0001 /* output, by STOP or TIOCSTOP */
#define TTF_GONE     0x0002 /* the driver hung up for good */
#define TTF_EXCL     0x0004 /* TIOCEXCL: no further opens */
#define TTF_THROTTLE 0x0008 /* sent STOP for a full input queue */
#define TTF_PACKET   0x0010 /* collect tt_pktbits */
#define TTF_KEEP     0x0040 /* (c) console: not revoked with its session */
#define TTF_BLOCKED  0x0020 /* the driver saw no input space */

static inline uint32_t
tty_in_count(const struct tty *tp)
{
	return (tp->tt_in_tail - tp->tt_in_head);
}

static inline bool
tty_lflag(const struct tty *tp, tcflag_t f)
{
	return ((tp->tt_termios.c_lflag & f) != 0);
}

static inline bool
tty_iflag(const struct tty *tp, tcflag_t f)
{
	return ((tp->tt_termios.c_iflag & f) != 0);
}

static inline bool
tty_oflag(const struct tty *tp, tcflag_t f)
{
	return ((tp->tt_termios.c_oflag & f) != 0);
}

/* Is c the control character cc, and is that one enabled? */
static inline bool
tty_is_cc(const struct tty *tp, int cc, uint8_t c)
{
	return (tp->tt_termios.c_cc[cc] == c && c != _POSIX_VDISABLE);
}

static inline uint32_t
tty_out_space(const struct tty *tp)
{
	return (TTY_OUT_BYTES - (tp->tt_out_tail - tp->tt_out_head));
}

/* --- life (tty.c) ---------------------------------------------------------- */
void tty_hold(struct tty *tp);
void tty_drop(struct tty *tp);
void tty_wakeup(struct tty *tp, uint32_t events);
void tty_default_termios(struct termios *t);

/* --- output (tty_output.c); all (T) --------------------------------------- */
#define TTY_OUT_CHAR_MAX 8 /* bytes one character may become: a tab */
void tty_out_raw(struct tty *tp, uint8_t c);
void tty_out_char(struct tty *tp, uint8_t c); /* with output processing */
void tty_echo(struct tty *tp, uint8_t c, bool quoted);
void tty_out_flush(struct tty *tp);
void tty_start(struct tty *tp); /* not (T) */
int tty_write(struct tty *tp, uint32_t gen, struct uio *uio, bool nonblock);
int tty_drain(struct tty *tp, uint32_t gen);

/* --- input (tty_input.c); all (T) ------------------------------------------- */
void tty_in_flush(struct tty *tp);
void tty_canon_changed(struct tty *tp);
bool tty_readable(struct tty *tp, bool for_poll);
void tty_unthrottle(struct tty *tp);
bool tty_input_one_run(
    struct tty *tp, const uint8_t *buf, size_t len, size_t *usedp);

/* --- reading (tty_read.c) ------------------------------------------------------ */
int tty_read(struct tty *tp, uint32_t gen, struct uio *uio, bool nonblock);
int tty_bytes_readable(struct tty *tp); /* (T) */

/* --- job control (tty_job.c) ------------------------------------------------- */
int tty_check_background(struct tty *tp, int sig);
void tty_signal_fg(struct tty *tp, int sig);
void tty_maybe_acquire(struct tty *tp);
int tty_job_ioctl(struct tty *tp, uint64_t cmd, void *data);
bool tty_is_controlling(struct tty *tp);
void tty_revoke(struct tty *tp);

/* --- requests (tty_ioctl.c) ----------------------------------------------------- */
int tty_ioctl(struct tty *tp, uint32_t gen, uint64_t cmd, void *data);
void tty_set_winsize(struct tty *tp, const struct winsize *ws);

/* --- open files of terminals (tty_dev.c) ----------------------------------------- */
struct tty_open {
	struct tty *to_tty; /* held */
	uint32_t to_gen;    /* tt_generation at the open */
};
int tty_open_file(struct tty *tp, int fflags, struct file *fp);
void tty_close_file(struct file *fp);
bool tty_gen_dead(struct tty *tp, uint32_t gen); /* (T) or racy */
extern const struct cdev_ops tty_cdev_ops;	 /* d_data: the tty */
/* An open file of tp without a vnode (TIOCGPTPEER). */
int tty_install_file(struct tty *tp, int oflags, int *fdp);

/* Numbers of our devices. */
#define TTY_MAJOR_CONSOLE 5
#define TTY_MAJOR_PTS	  136
#define TTY_MINOR_TTY	  0
#define TTY_MINOR_CONSOLE 1
#define TTY_MINOR_PTMX	  2

#endif
