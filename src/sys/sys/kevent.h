/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kqueue's constants, with the BSD values, and the hints that sources hand to
 * ev_notify_hint for the filters that are not readiness.
 */
#ifndef SYS_KEVENT_H
#define SYS_KEVENT_H

#include <sys/types.h>
#include <sys/event.h>

#define EVFILT_READ   (-1)
#define EVFILT_WRITE  (-2)
#define EVFILT_VNODE  (-4)
#define EVFILT_PROC   (-5)
#define EVFILT_SIGNAL (-6)
#define EVFILT_TIMER  (-7)
#define EVFILT_USER   (-9)

#define EV_ADD	    0x0001
#define EV_DELETE   0x0002
#define EV_ENABLE   0x0004
#define EV_DISABLE  0x0008
#define EV_ONESHOT  0x0010
#define EV_CLEAR    0x0020
#define EV_RECEIPT  0x0040
#define EV_DISPATCH 0x0080
#define EV_ERROR    0x4000 /* out: data is an errno */
#define EV_EOF	    0x8000 /* out */

/* EVFILT_READ: data is bytes readable; fflags in: */
#define NOTE_LOWAT 0x0001

/* EVFILT_VNODE.  The VFS: ev_notify_hint(&vp->v_events, EV_NOTE, NOTE_x). */
#define NOTE_DELETE 0x0001
#define NOTE_WRITE  0x0002
#define NOTE_EXTEND 0x0004
#define NOTE_ATTRIB 0x0008
#define NOTE_LINK   0x0010
#define NOTE_RENAME 0x0020
#define NOTE_REVOKE 0x0040

/* EVFILT_PROC.  ev_notify_hint(&p->p_events, EV_NOTE, NOTE_FORK | NOTE_EXEC
 * | NOTE_EXIT); EXIT may come as plain EV_IN too. */
#define NOTE_EXIT      0x80000000u
#define NOTE_FORK      0x40000000u
#define NOTE_EXEC      0x20000000u
#define NOTE_PCTRLMASK 0xf0000000u

/* EVFILT_SIGNAL, signalfd: each signal sent to p or an lwp of it, ignored ones
 * too: ev_notify_hint(&p->p_events, EV_NOTE, NOTE_SIGNAL | sig). */
#define NOTE_SIGNAL	 0x08000000u
#define NOTE_SIGNAL_MASK 0x000000ffu

/* EVFILT_TIMER: unit of data. */
#define NOTE_MSECONDS 0x0000
#define NOTE_SECONDS  0x0001
#define NOTE_USECONDS 0x0002
#define NOTE_NSECONDS 0x0004
#define NOTE_ABSTIME  0x0010 /* of CLOCK_REALTIME */

/* EVFILT_USER */
#define NOTE_FFNOP	0x00000000u
#define NOTE_FFAND	0x40000000u
#define NOTE_FFOR	0x80000000u
#define NOTE_FFCOPY	0xc0000000u
#define NOTE_FFCTRLMASK 0xc0000000u
#define NOTE_FFLAGSMASK 0x00ffffffu
#define NOTE_TRIGGER	0x01000000u

#endif
