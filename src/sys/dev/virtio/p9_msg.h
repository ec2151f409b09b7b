/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of 9P2000.L: coding, and checked decoding of what a server says.
 * Pure: memory in, memory out.
 *
 * Every message is size 4, type 1, tag 2, then its fields; integers are
 * little-endian, a string is a length 2 and its bytes, a qid type 1, version 4,
 * path 8.  The fields of each message stand where it is put or got.
 */
#ifndef DEV_VIRTIO_P9_MSG_H
#define DEV_VIRTIO_P9_MSG_H

#include <sys/hostfs.h>
#include <sys/types.h>

/* Requests; the answer to one is its number plus 1, or P9_RLERROR. */
enum p9_type {
	P9_RLERROR = 7,
	P9_TSTATFS = 8,
	P9_TLOPEN = 12,
	P9_TLCREATE = 14,
	P9_TSYMLINK = 16,
	P9_TREADLINK = 22,
	P9_TGETATTR = 24,
	P9_TSETATTR = 26,
	P9_TREADDIR = 40,
	P9_TFSYNC = 50,
	P9_TLINK = 70,
	P9_TMKDIR = 72,
	P9_TRENAMEAT = 74,
	P9_TUNLINKAT = 76,
	P9_TVERSION = 100,
	P9_TATTACH = 104,
	P9_TWALK = 110,
	P9_TREAD = 116,
	P9_TWRITE = 118,
	P9_TCLUNK = 120,
};

#define P9_VERSION     "9P2000.L"
#define P9_NOTAG       0xffff
#define P9_NOFID       0xffffffffU
#define P9_HEADER      7
#define P9_QID_BYTES   13
#define P9_TWRITE_HEAD 23 /* header, fid 4, offset 8, count 4 */
#define P9_RREAD_HEAD  11 /* header, count 4; as long as an Rlerror */

/* Open flags, setattr and getattr bits: numbers of the protocol. */
#define P9_O_RDONLY	 0
#define P9_O_WRONLY	 01
#define P9_O_RDWR	 02
#define P9_O_CREAT	 0100
#define P9_O_EXCL	 0200
#define P9_O_LARGEFILE	 0100000
#define P9_O_DIRECTORY	 0200000
#define P9_O_NOFOLLOW	 0400000
#define P9_AT_REMOVEDIR	 0x200
#define P9_GETATTR_BASIC 0x7ff
#define P9_SET_MODE	 0x001
#define P9_SET_UID	 0x002
#define P9_SET_GID	 0x004
#define P9_SET_SIZE	 0x008
#define P9_SET_ATIME	 0x010
#define P9_SET_MTIME	 0x020
#define P9_SET_ATIME_TO	 0x080 /* the time given, not the server's */
#define P9_SET_MTIME_TO	 0x100

struct p9_qid {
	uint8_t pq_type;
	uint32_t pq_version;
	uint64_t pq_path;
};

/* A message that is being put together or taken apart. */
struct p9_msg {
	uint8_t *pm_buf;
	size_t pm_size; /* room, or bytes that there are */
	size_t pm_at;
	bool pm_bad; /* it did not fit, or was not all there */
};

void p9_put_begin(
    struct p9_msg *pm, uint8_t *buf, size_t size, enum p9_type t, uint16_t tag);
void p9_put8(struct p9_msg *pm, uint8_t v);
void p9_put16(struct p9_msg *pm, uint16_t v);
void p9_put32(struct p9_msg *pm, uint32_t v);
void p9_put64(struct p9_msg *pm, uint64_t v);
void p9_put_bytes(struct p9_msg *pm, const void *p, size_t len);
void p9_put_string(struct p9_msg *pm, const char *s);
/* Its length, 0 if it did not fit. */
size_t p9_put_end(struct p9_msg *pm);

/*
 * The len bytes at buf answer type t with that tag.  0: the fields can be got;
 * EPROTO: they are no such answer; else the server's error, as a native one.
 */
int p9_get_begin(
    struct p9_msg *pm, uint8_t *buf, size_t len, enum p9_type t, uint16_t tag);
/* Beyond the end these give zeros and pm_bad. */
uint8_t p9_get8(struct p9_msg *pm);
uint16_t p9_get16(struct p9_msg *pm);
uint32_t p9_get32(struct p9_msg *pm);
uint64_t p9_get64(struct p9_msg *pm);
/* len bytes inside the message, or NULL. */
const uint8_t *p9_get_bytes(struct p9_msg *pm, size_t len);
/* Bytes without a NUL inside the message, or NULL. */
const char *p9_get_string(struct p9_msg *pm, size_t *lenp);
struct p9_qid p9_get_qid(struct p9_msg *pm);
/* The fields of an Rgetattr, of an Rstatfs. */
void p9_get_attr(struct p9_msg *pm, struct p9_qid *qid, struct hostfs_attr *ha);
void p9_get_statfs(struct p9_msg *pm, struct hostfs_statfs *hs);
/*
 * Entries of an Rreaddir into a buffer of hostfs_dirent, as many as fit; how
 * many bytes.  pm_bad: the server's are wrong.
 */
size_t p9_get_dirents(struct p9_msg *pm, void *buf, size_t size);

/* The native number of an error on the wire. */
int p9_errno(uint32_t ecode);

#endif
