/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of 9P2000.L; contract and format in p9_msg.h. */
#include <sys/systm.h>
#include <dev/virtio/p9_msg.h>

/* --- putting ---------------------------------------------------------------------- */

void
p9_put_bytes(struct p9_msg *pm, const void *p, size_t len)
{
	if (pm->pm_bad || len > pm->pm_size - pm->pm_at) {
		pm->pm_bad = true;
		return;
	}
	memcpy(pm->pm_buf + pm->pm_at, p, len);
	pm->pm_at += len;
}

void
p9_put8(struct p9_msg *pm, uint8_t v)
{
	p9_put_bytes(pm, &v, sizeof(v));
}

void
p9_put16(struct p9_msg *pm, uint16_t v)
{
	p9_put_bytes(pm, &v, sizeof(v));
}

void
p9_put32(struct p9_msg *pm, uint32_t v)
{
	p9_put_bytes(pm, &v, sizeof(v));
}

void
p9_put64(struct p9_msg *pm, uint64_t v)
{
	p9_put_bytes(pm, &v, sizeof(v));
}

void
p9_put_string(struct p9_msg *pm, const char *s)
{
	size_t len = strlen(s);

	if (len > UINT16_MAX) {
		pm->pm_bad = true;
		return;
	}
	p9_put16(pm, (uint16_t)len);
	p9_put_bytes(pm, s, len);
}

void
p9_put_begin(
    struct p9_msg *pm, uint8_t *buf, size_t size, enum p9_type t, uint16_t tag)
{
	*pm = (struct p9_msg){.pm_buf = buf, .pm_size = size};
	p9_put32(pm, 0); /* set at the end */
	p9_put8(pm, (uint8_t)t);
	p9_put16(pm, tag);
}

size_t
p9_put_end(struct p9_msg *pm)
{
	uint32_t size = (uint32_t)pm->pm_at;

	if (pm->pm_bad)
		return (0);
	memcpy(pm->pm_buf, &size, sizeof(size));
	return (pm->pm_at);
}

/* --- getting ------------------------------------------------------------------------ */

const uint8_t *
p9_get_bytes(struct p9_msg *pm, size_t len)
{
	const uint8_t *p = pm->pm_buf + pm->pm_at;

	if (pm->pm_bad || len > pm->pm_size - pm->pm_at) {
		pm->pm_bad = true;
		return (NULL);
	}
	pm->pm_at += len;
	return (p);
}

static uint64_t
get_number(struct p9_msg *pm, size_t bytes)
{
	const uint8_t *p = p9_get_bytes(pm, bytes);
	uint64_t v = 0;

	if (p != NULL)
		memcpy(&v, p, bytes);
	return (v);
}

uint8_t
p9_get8(struct p9_msg *pm)
{
	return ((uint8_t)get_number(pm, 1));
}

uint16_t
p9_get16(struct p9_msg *pm)
{
	return ((uint16_t)get_number(pm, 2));
}

uint32_t
p9_get32(struct p9_msg *pm)
{
	return ((uint32_t)get_number(pm, 4));
}

uint64_t
p9_get64(struct p9_msg *pm)
{
	return (get_number(pm, 8));
}

const char *
p9_get_string(struct p9_msg *pm, size_t *lenp)
{
	const char *s;

	*lenp = p9_get16(pm);
	s = (const char *)p9_get_bytes(pm, *lenp);
	if (s != NULL && memchr(s, '\0', *lenp) != NULL) {
		pm->pm_bad = true;
		return (NULL);
	}
	return (s);
}

struct p9_qid
p9_get_qid(struct p9_msg *pm)
{
	struct p9_qid q;

	q.pq_type = p9_get8(pm);
	q.pq_version = p9_get32(pm);
	q.pq_path = p9_get64(pm);
	return (q);
}

int
p9_get_begin(
    struct p9_msg *pm, uint8_t *buf, size_t len, enum p9_type t, uint16_t tag)
{
	uint32_t size, ecode;
	uint8_t type;

	*pm = (struct p9_msg){.pm_buf = buf, .pm_size = len};
	size = p9_get32(pm);
	type = p9_get8(pm);
	if (p9_get16(pm) != tag || pm->pm_bad || size < P9_HEADER || size > len)
		return (EPROTO);
	pm->pm_size = size;
	if (type == (uint8_t)t + 1)
		return (0);
	ecode = p9_get32(pm);
	if (type != P9_RLERROR || pm->pm_bad)
		return (EPROTO);
	return (p9_errno(ecode));
}

/* --- errors ----------------------------------------------------------------------------- */

/* On the wire are Linux's numbers.  1 to 34 are ours too, but for 11. */
static const struct {
	uint8_t wire, native;
} errnos[] = {
    {11, EAGAIN},
    {35, EDEADLK},
    {36, ENAMETOOLONG},
    {37, ENOLCK},
    {38, ENOSYS},
    {39, ENOTEMPTY},
    {40, ELOOP},
    {42, ENOMSG},
    {43, EIDRM},
    {61, ENOATTR},
    {62, ETIMEDOUT},
    {71, EPROTO},
    {74, EBADMSG},
    {75, EOVERFLOW},
    {84, EILSEQ},
    {87, EUSERS},
    {90, EMSGSIZE},
    {95, EOPNOTSUPP},
    {105, ENOBUFS},
    {110, ETIMEDOUT},
    {112, EHOSTDOWN},
    {113, EHOSTUNREACH},
    {116, ESTALE},
    {122, EDQUOT},
    {123, ENOMEDIUM},
    {125, ECANCELED},
};

int
p9_errno(uint32_t ecode)
{
	for (size_t i = 0; i < nitems(errnos); i++)
		if (errnos[i].wire == ecode)
			/* EPROTO is how we call an answer that is none. */
			return (errnos[i].native == EPROTO ? EIO
							   : errnos[i].native);
	return (ecode > 0 && ecode <= ERANGE ? (int)ecode : EIO);
}

/* --- structures ------------------------------------------------------------------------ */

static uint32_t
type_of(uint32_t mode)
{
	static const uint8_t types[16] = {[1] = HOSTFS_FIFO,
	    [2] = HOSTFS_CHR,
	    [4] = HOSTFS_DIR,
	    [6] = HOSTFS_BLK,
	    [8] = HOSTFS_REG,
	    [10] = HOSTFS_LNK,
	    [12] = HOSTFS_SOCK};

	return (types[mode >> 12 & 15]);
}

static struct hostfs_time
get_time(struct p9_msg *pm)
{
	struct hostfs_time ht;

	ht.ht_sec = (int64_t)p9_get64(pm);
	ht.ht_nsec = (int64_t)p9_get64(pm);
	if (ht.ht_nsec < 0 || ht.ht_nsec >= NS_PER_SEC)
		ht.ht_nsec = 0;
	return (ht);
}

/* A device number as the wire has it: Linux's packing of 12 + 20 bits. */
static void
get_rdev(struct p9_msg *pm, struct hostfs_attr *ha)
{
	uint64_t dev = p9_get64(pm);

	ha->ha_rmajor = (uint32_t)(dev >> 8 & 0xfff);
	ha->ha_rminor = (uint32_t)((dev & 0xff) | (dev >> 12 & 0xfff00));
}

/*
 * valid 8, qid, mode 4, uid 4, gid 4, nlink 8, rdev 8, size 8, blksize 8, blocks
 * 8, then seconds 8 and nanoseconds 8 of atime, mtime, ctime.
 */
void
p9_get_attr(struct p9_msg *pm, struct p9_qid *qid, struct hostfs_attr *ha)
{
	uint32_t mode;

	memset(ha, 0, sizeof(*ha));
	(void)p9_get64(pm);
	*qid = p9_get_qid(pm);
	mode = p9_get32(pm);
	ha->ha_type = type_of(mode);
	ha->ha_mode = mode & 07777;
	ha->ha_uid = p9_get32(pm);
	ha->ha_gid = p9_get32(pm);
	ha->ha_nlink = (uint32_t)p9_get64(pm);
	get_rdev(pm, ha);
	ha->ha_size = p9_get64(pm);
	ha->ha_blksize = (uint32_t)p9_get64(pm);
	ha->ha_bytes = p9_get64(pm) * 512;
	ha->ha_atime = get_time(pm);
	ha->ha_mtime = get_time(pm);
	ha->ha_ctime = get_time(pm);
	ha->ha_ino = qid->pq_path;
	if (ha->ha_size > INT64_MAX)
		pm->pm_bad = true;
}

/* type 4, bsize 4, blocks, bfree, bavail, files, ffree, fsid 8 each, namelen 4 */
void
p9_get_statfs(struct p9_msg *pm, struct hostfs_statfs *hs)
{
	(void)p9_get32(pm);
	hs->hs_bsize = p9_get32(pm);
	hs->hs_blocks = p9_get64(pm);
	hs->hs_bfree = p9_get64(pm);
	hs->hs_bavail = p9_get64(pm);
	hs->hs_files = p9_get64(pm);
	hs->hs_ffree = p9_get64(pm);
	(void)p9_get64(pm);
	hs->hs_namemax = p9_get32(pm);
}

/* By the type of readdir(3); others are shown as none. */
static uint8_t
dirent_type(uint8_t type)
{
	return (
	    type < 16 ? (uint8_t)type_of((uint32_t)type << 12) : HOSTFS_NONE);
}

/* qid, offset of the next entry 8, type 1, name */
size_t
p9_get_dirents(struct p9_msg *pm, void *buf, size_t size)
{
	uint32_t count = p9_get32(pm);
	size_t done = 0, len;

	if (pm->pm_bad || count > pm->pm_size - pm->pm_at) {
		pm->pm_bad = true;
		return (0);
	}
	pm->pm_size = pm->pm_at + count;
	while (pm->pm_at < pm->pm_size) {
		struct p9_qid q = p9_get_qid(pm);
		uint64_t next = p9_get64(pm);
		uint8_t type = p9_get8(pm);
		const char *name = p9_get_string(pm, &len);
		struct hostfs_dirent *hd = (void *)((uint8_t *)buf + done);
		size_t reclen =
		    roundup2(offsetof(struct hostfs_dirent, hd_name) + len + 1,
			(size_t)8);

		if (name == NULL || len == 0 || len > NAME_MAX ||
		    memchr(name, '/', len) != NULL) {
			pm->pm_bad = true;
			return (done);
		}
		if (reclen > size - done)
			return (done);
		hd->hd_ino = q.pq_path;
		hd->hd_next = next;
		hd->hd_reclen = (uint16_t)reclen;
		hd->hd_namelen = (uint16_t)len;
		hd->hd_type = dirent_type(type);
		memcpy(hd->hd_name, name, len);
		hd->hd_name[len] = '\0';
		done += reclen;
	}
	return (done);
}
