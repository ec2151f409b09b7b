/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive queue: records of chunks.
 *
 * A record is one message; of a stream, bytes that came from the same sender
 * without control information between them.  Bytes lie in chunks of at most a
 * page, so nothing here needs contiguous memory.  The charge of a record is its
 * bytes and RECORD_CHARGE, so that empty messages fill a queue, too.
 *
 * The caller holds so_lock of the queue's socket.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/uio.h>
#include "socket_var.h"

#define RECORD_CHARGE 64
#define CHUNK_HEADER  sizeof(struct sockchunk)
#define CHUNK_MIN     256

void
sockbuf_init(struct sockbuf *sb)
{
	TAILQ_INIT(&sb->sb_recs);
	sb->sb_bytes = 0;
	sb->sb_waiting = sb->sb_senders = 0;
}

/* --- appending ------------------------------------------------------------------- */

static struct sockchunk *
chunk_create(size_t bytes)
{
	size_t size = CHUNK_MIN;
	struct sockchunk *sk;

	while (size < bytes + CHUNK_HEADER && size < SOCKCHUNK_BYTES)
		size *= 2;
	if ((sk = kmalloc(size, M_SOCKET, M_WAITOK)) == NULL)
		return (NULL);
	sk->sk_next = NULL;
	sk->sk_off = sk->sk_len = 0;
	sk->sk_room = (uint32_t)(size - CHUNK_HEADER);
	return (sk);
}

static void
chunks_free(struct sockchunk *sk)
{
	struct sockchunk *next;

	for (; sk != NULL; sk = next) {
		next = sk->sk_next;
		kfree(sk, M_SOCKET);
	}
}

/* Fill what room the chunk has left. */
static int
chunk_fill(struct sockchunk *sk, size_t *np, struct uio *uio)
{
	size_t room = sk->sk_room - sk->sk_off - sk->sk_len;
	size_t n = MIN(*np, room);
	int error;

	error = uiomove(sk->sk_data + sk->sk_off + sk->sk_len, n, uio);
	if (error != 0)
		return (error);
	sk->sk_len += (uint32_t)n;
	*np -= n;
	return (0);
}

/* Empty chunks for n bytes: memory is had before any byte moves. */
static int
chain_alloc(size_t n, struct sockchunk **firstp)
{
	struct sockchunk **at = firstp;

	for (*at = NULL; n > 0; at = &(*at)->sk_next) {
		if ((*at = chunk_create(n)) == NULL) {
			chunks_free(*firstp);
			*firstp = NULL;
			return (ENOMEM);
		}
		n -= MIN(n, (*at)->sk_room);
	}
	return (0);
}

/* n bytes of uio as a chain.  On failure there is none. */
static int
chain_make(size_t n, struct uio *uio, struct sockchunk **firstp,
    struct sockchunk **lastp)
{
	int error;

	*lastp = NULL;
	if ((error = chain_alloc(n, firstp)) != 0)
		return (error);
	for (struct sockchunk *sk = *firstp; sk != NULL; sk = sk->sk_next) {
		if ((error = chunk_fill(sk, &n, uio)) != 0) {
			chunks_free(*firstp);
			*firstp = NULL;
			return (error);
		}
		*lastp = sk;
	}
	return (0);
}

static struct sockrec *
record_create(const struct sockcred *cred, const struct sockname *from)
{
	struct sockrec *sr = kmalloc(sizeof(*sr), M_SOCKET, M_WAITOK | M_ZERO);

	if (sr == NULL)
		return (NULL);
	sr->sr_cred = *cred;
	if (from != NULL && from->sn_len > 0) {
		sr->sr_from = kmalloc(sizeof(*from), M_SOCKET, M_WAITOK);
		if (sr->sr_from == NULL) {
			kfree(sr, M_SOCKET);
			return (NULL);
		}
		*sr->sr_from = *from;
	}
	return (sr);
}

static void
record_free(struct sockrec *sr)
{
	chunks_free(sr->sr_first);
	sockctl_free(sr->sr_ctl);
	kfree(sr->sr_from, M_SOCKET);
	kfree(sr, M_SOCKET);
}

static bool
same_cred(const struct sockcred *a, const struct sockcred *b)
{
	return (a->sc_pid == b->sc_pid && a->sc_uid == b->sc_uid &&
	    a->sc_gid == b->sc_gid);
}

/*
 * More bytes of a stream for its last record.  After an error some may have
 * been taken: sr_len tells.
 */
static int
record_extend(struct sockbuf *sb, struct sockrec *sr, struct uio *uio, size_t n)
{
	struct sockchunk *first = NULL, *last = NULL;
	size_t left = n;
	int error;

	if (sr->sr_last != NULL &&
	    (error = chunk_fill(sr->sr_last, &left, uio)) != 0)
		return (error);
	error = left > 0 ? chain_make(left, uio, &first, &last) : 0;
	if (error == 0 && left > 0 && first != NULL) {
		if (sr->sr_last != NULL)
			sr->sr_last->sk_next = first;
		else
			sr->sr_first = first;
		sr->sr_last = last;
		left = 0;
	}
	sr->sr_len += n - left;
	sb->sb_bytes += n - left;
	return (error);
}

int
sockbuf_append(struct sockbuf *sb, struct uio *uio, size_t n, bool join,
    const struct sockcred *cred, const struct sockname *from,
    struct sockctl *ctl)
{
	struct sockrec *sr = TAILQ_LAST(&sb->sb_recs, sockrec_list);
	int error;

	if (join && sr != NULL && ctl == NULL && sr->sr_ctl == NULL &&
	    sr->sr_len > 0 && same_cred(&sr->sr_cred, cred))
		return (record_extend(sb, sr, uio, n));
	if ((sr = record_create(cred, from)) == NULL)
		return (ENOMEM);
	error = chain_make(n, uio, &sr->sr_first, &sr->sr_last);
	if (error != 0) {
		sr->sr_first = NULL;
		record_free(sr);
		return (error);
	}
	sr->sr_len = n;
	sr->sr_ctl = ctl;
	TAILQ_INSERT_TAIL(&sb->sb_recs, sr, sr_link);
	sb->sb_bytes += n + RECORD_CHARGE;
	return (0);
}

/* --- taking ------------------------------------------------------------------------ */

int
sockbuf_copyout(struct sockbuf *sb, size_t skip, size_t n, struct uio *uio)
{
	struct sockrec *sr = TAILQ_FIRST(&sb->sb_recs);
	struct sockchunk *sk = sr->sr_first;
	int error;

	for (; sk != NULL && skip >= sk->sk_len; sk = sk->sk_next)
		skip -= sk->sk_len;
	for (; sk != NULL && n > 0; sk = sk->sk_next, skip = 0) {
		size_t part = MIN(n, sk->sk_len - skip);

		error = uiomove(sk->sk_data + sk->sk_off + skip, part, uio);
		if (error != 0)
			return (error);
		n -= part;
	}
	return (0);
}

void
sockbuf_consume(struct sockbuf *sb, size_t n)
{
	struct sockrec *sr = TAILQ_FIRST(&sb->sb_recs);

	sr->sr_len -= n;
	sb->sb_bytes -= n;
	while (n > 0) {
		struct sockchunk *sk = sr->sr_first;
		uint32_t part = (uint32_t)MIN(n, sk->sk_len);

		sk->sk_off += part;
		sk->sk_len -= part;
		n -= part;
		if (sk->sk_len > 0)
			break;
		if ((sr->sr_first = sk->sk_next) == NULL)
			sr->sr_last = NULL;
		kfree(sk, M_SOCKET);
	}
}

void
sockbuf_drop_record(struct sockbuf *sb)
{
	struct sockrec *sr = TAILQ_FIRST(&sb->sb_recs);

	TAILQ_REMOVE(&sb->sb_recs, sr, sr_link);
	sb->sb_bytes -= sr->sr_len + RECORD_CHARGE;
	record_free(sr);
}

void
sockbuf_move(struct sockbuf *from, struct sockbuf *to)
{
	struct sockrec *sr;

	while ((sr = TAILQ_FIRST(&from->sb_recs)) != NULL) {
		TAILQ_REMOVE(&from->sb_recs, sr, sr_link);
		TAILQ_INSERT_TAIL(&to->sb_recs, sr, sr_link);
	}
	to->sb_bytes += from->sb_bytes;
	from->sb_bytes = 0;
}

void
sockbuf_flush(struct sockbuf *sb)
{
	while (!TAILQ_EMPTY(&sb->sb_recs))
		sockbuf_drop_record(sb);
}
