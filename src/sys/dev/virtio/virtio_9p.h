/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls to a 9P server over virtio.
 *
 *	p9_call_begin(p9, P9_TCLUNK, 0, &pc);
 *	p9_put32(&pc->pc_msg, fid);
 *	error = p9_call_run(pc);
 *	... p9_get32(&pc->pc_msg) ...
 *	p9_call_end(pc);
 *
 * A call holds one of a few slots from begin to end: begin sleeps until one is
 * free, so nobody begins a second one, takes a lock or allocates in between.
 * May be called while memory is being reclaimed.
 */
#ifndef DEV_VIRTIO_VIRTIO_9P_H
#define DEV_VIRTIO_VIRTIO_9P_H

#include <dev/virtio/p9_msg.h>

#define P9_SMALL 4096		       /* most messages */
#define P9_MSIZE (32 * 1024)	       /* the longest one: with file data */
#define P9_CHUNK (P9_MSIZE - P9_SMALL) /* of file data in one */

struct p9;

struct p9_call {
	struct p9 *pc_p9;
	enum p9_type pc_type;
	uint16_t pc_tag;
	bool pc_big_answer;
	uint8_t *pc_small, *pc_big; /* one is the request, one the answer */
	bool pc_busy;		    /* (p9_spin) */
	bool pc_alone;		    /* (p9_spin) nobody waits for the answer */
	bool pc_over;		    /* (p9_spin) the answer is there, or none */
	int pc_error;		    /* (p9_spin) EIO: none will be */
	uint32_t pc_len;	    /* (p9_spin) of the answer */
	struct p9_msg pc_msg;	    /* being put, then being got */
};

#define P9_BIG_ANSWER 1 /* the request is small, the answer may be long */

/* The server whose mount tag is tag, ready for calls.  0, or ENXIO. */
int p9_find(const char *tag, struct p9 **p9p);
struct p9_call *p9_call_begin(struct p9 *p9, enum p9_type type, int flags);
/*
 * 0: the answer's fields can be got.  Else the server's error, ENAMETOOLONG (the
 * request is too long), or EIO (the device is broken, or is now).
 */
int p9_call_run(struct p9_call *pc);
/* Send it and forget it; instead of run and end.  What it answers is lost. */
void p9_call_forget(struct p9_call *pc);
/* EIO, and the device is broken, if fields were missing; else error. */
int p9_call_end(struct p9_call *pc, int error);
uint32_t p9_fid_new(struct p9 *p9);

#endif
