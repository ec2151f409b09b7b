/* SPDX-License-Identifier: BSD-2-Clause */
/* 9P messages: what we say is as it should be, what we hear is checked. */
#include <dev/virtio/p9_msg.h>
#include "check.h"

#define ROOM 4096

/* An answer of type t with the fields that put makes; its length. */
static size_t
answer(uint8_t *buf, unsigned t, uint16_t tag, const void *fields, size_t len)
{
	uint32_t size = (uint32_t)(P9_HEADER + len);

	memcpy(buf, &size, 4);
	buf[4] = (uint8_t)t;
	memcpy(buf + 5, &tag, 2);
	memcpy(buf + P9_HEADER, fields, len);
	return (size);
}

/* The same in memory that ends where the message does. */
static int
hear(const void *bytes, size_t len, enum p9_type t, uint16_t tag,
    struct p9_msg *pm, uint8_t **bufp)
{
	*bufp = check_alloc(len + 1);
	memcpy(*bufp, bytes, len);
	return (p9_get_begin(pm, *bufp, len, t, tag));
}

CASE(say_walk, "is a Twalk as the protocol has it, byte by byte?")
{
	static const uint8_t want[] = {22, 0, 0, 0, 110, 5, 0, 1, 0, 0, 0, 2, 0,
	    0, 0, 1, 0, 3, 0, 'a', 'b', 'c'};
	uint8_t buf[sizeof(want)];
	struct p9_msg pm;

	p9_put_begin(&pm, buf, sizeof(buf), P9_TWALK, 5);
	p9_put32(&pm, 1);
	p9_put32(&pm, 2);
	p9_put16(&pm, 1);
	p9_put_string(&pm, "abc");
	EQ(p9_put_end(&pm), sizeof(want));
	EQ(memcmp(buf, want, sizeof(want)), 0);
}

CASE(say_too_much, "is a request that does not fit refused, not cut?")
{
	uint8_t buf[20];
	struct p9_msg pm;

	for (size_t room = 0; room < sizeof(buf); room++) {
		p9_put_begin(&pm, buf, room, P9_TWALK, 0);
		p9_put64(&pm, 1);
		p9_put_string(&pm, "abc");
		EQ(p9_put_end(&pm), 0);
	}
	p9_put_begin(&pm, buf, sizeof(buf), P9_TWALK, 0);
	p9_put64(&pm, 1);
	p9_put_string(&pm, "abc");
	EQ(p9_put_end(&pm), 20);
}

CASE(say_long_name, "is a string of 64 KiB refused?")
{
	char *name = check_alloc(70000);
	uint8_t *buf = check_alloc(80000);
	struct p9_msg pm;

	memset(name, 'n', 65536);
	p9_put_begin(&pm, buf, 80000, P9_TWALK, 0);
	p9_put_string(&pm, name);
	EQ(p9_put_end(&pm), 0);
	check_free(name);
	check_free(buf);
}

CASE(hear_head, "are answers of other types, tags and lengths noticed?")
{
	uint8_t bytes[64], *buf;
	uint32_t ecode = 2, size;
	struct p9_msg pm;
	size_t len;

	len = answer(bytes, P9_TREAD + 1, 3, "abcd", 4);
	EQ(hear(bytes, len, P9_TREAD, 3, &pm, &buf), 0);
	EQ(p9_get32(&pm), 0x64636261);
	CHECK(!pm.pm_bad);
	EQ(p9_get8(&pm), 0);
	CHECK(pm.pm_bad);
	check_free(buf);
	EQ(hear(bytes, len, P9_TREAD, 4, &pm, &buf), EPROTO);
	check_free(buf);
	EQ(hear(bytes, len, P9_TWRITE, 3, &pm, &buf), EPROTO);
	check_free(buf);
	for (size_t cut = 0; cut < len; cut++) {
		EQ(hear(bytes, cut, P9_TREAD, 3, &pm, &buf), EPROTO);
		check_free(buf);
	}
	for (size = 0; size < P9_HEADER; size++) {
		memcpy(bytes, &size, 4);
		EQ(hear(bytes, len, P9_TREAD, 3, &pm, &buf), EPROTO);
		check_free(buf);
	}
	len = answer(bytes, P9_RLERROR, 3, &ecode, 4);
	EQ(hear(bytes, len, P9_TREAD, 3, &pm, &buf), ENOENT);
	check_free(buf);
	len = answer(bytes, P9_RLERROR, 3, &ecode, 3);
	EQ(hear(bytes, len, P9_TREAD, 3, &pm, &buf), EPROTO);
	check_free(buf);
}

CASE(errors, "do the host's errors become ours?")
{
	static const struct {
		uint32_t wire;
		int native;
	} some[] = {{1, EPERM}, {2, ENOENT}, {11, EAGAIN}, {13, EACCES},
	    {17, EEXIST}, {30, EROFS}, {34, ERANGE}, {36, ENAMETOOLONG},
	    {39, ENOTEMPTY}, {40, ELOOP}, {95, EOPNOTSUPP}, {116, ESTALE},
	    {122, EDQUOT}, {0, EIO}, {35, EDEADLK}, {71, EIO}, {999, EIO},
	    {0xffffffff, EIO}, {0xfffffffe, EIO}};

	for (size_t i = 0; i < nitems(some); i++)
		EQ(p9_errno(some[i].wire), some[i].native);
	for (uint32_t e = 0; e < 5000; e++)
		CHECK(p9_errno(e) > 0 && p9_errno(e) <= ELAST &&
		    p9_errno(e) != EPROTO);
}

/* Fields of an Rgetattr. */
static size_t
attr_fields(uint8_t *p, uint32_t mode, uint64_t size, uint64_t nsec)
{
	uint64_t v[] = {0x7ff},
		 many[] = {3, 0x12345, size, 4096, 8, 100, nsec, 200, nsec, 300,
		     nsec, 0, 0, 0, 0};
	uint32_t owner[] = {mode, 1000, 1001};
	uint8_t qid[P9_QID_BYTES] = {0x80, 1, 0, 0, 0, 77};
	size_t n = 0;

	memcpy(p, v, 8);
	memcpy(p + 8, qid, sizeof(qid));
	memcpy(p + 21, owner, 12);
	n = 33;
	memcpy(p + n, many, sizeof(many));
	return (n + sizeof(many));
}

CASE(attr, "are attributes understood, and impossible ones noticed?")
{
	static const uint32_t modes[][2] = {{0100644, HOSTFS_REG},
	    {040755, HOSTFS_DIR}, {0120777, HOSTFS_LNK}, {020600, HOSTFS_CHR},
	    {060600, HOSTFS_BLK}, {010600, HOSTFS_FIFO}, {0140600, HOSTFS_SOCK},
	    {0170000, HOSTFS_NONE}, {0, HOSTFS_NONE}};
	uint8_t fields[256], bytes[300], *buf;
	struct hostfs_attr ha;
	struct p9_qid qid;
	struct p9_msg pm;
	size_t len;

	for (size_t i = 0; i < nitems(modes); i++) {
		len = attr_fields(fields, modes[i][0], 5000, 999);
		len = answer(bytes, P9_TGETATTR + 1, 0, fields, len);
		EQ(hear(bytes, len, P9_TGETATTR, 0, &pm, &buf), 0);
		p9_get_attr(&pm, &qid, &ha);
		CHECK(!pm.pm_bad);
		EQ(ha.ha_type, modes[i][1]);
		EQ(ha.ha_mode, modes[i][0] & 07777);
		EQ(qid.pq_path, 77);
		EQ(ha.ha_ino, 77);
		EQ(ha.ha_uid, 1000);
		EQ(ha.ha_gid, 1001);
		EQ(ha.ha_nlink, 3);
		EQ(ha.ha_size, 5000);
		EQ(ha.ha_bytes, 4096);
		EQ(ha.ha_atime.ht_sec, 100);
		EQ(ha.ha_mtime.ht_sec, 200);
		EQ(ha.ha_ctime.ht_nsec, 999);
		check_free(buf);
	}
	len = attr_fields(fields, 0100644, UINT64_MAX, NS_PER_SEC);
	len = answer(bytes, P9_TGETATTR + 1, 0, fields, len);
	EQ(hear(bytes, len, P9_TGETATTR, 0, &pm, &buf), 0);
	p9_get_attr(&pm, &qid, &ha);
	CHECK(pm.pm_bad);
	EQ(ha.ha_atime.ht_nsec, 0);
	check_free(buf);
	for (size_t cut = P9_HEADER; cut < 33 + P9_HEADER; cut++) {
		uint32_t size = (uint32_t)cut;

		memcpy(bytes, &size, 4);
		EQ(hear(bytes, cut, P9_TGETATTR, 0, &pm, &buf), 0);
		p9_get_attr(&pm, &qid, &ha);
		CHECK(pm.pm_bad);
		check_free(buf);
	}
}

/* One entry of an Rreaddir at p; its end. */
static uint8_t *
entry(uint8_t *p, uint64_t ino, uint64_t next, uint8_t type, const char *name,
    uint16_t len)
{
	memset(p, 0, P9_QID_BYTES);
	memcpy(p + 5, &ino, 8);
	memcpy(p + 13, &next, 8);
	p[21] = type;
	memcpy(p + 22, &len, 2);
	memcpy(p + 24, name, len);
	return (p + 24 + len);
}

static size_t
entries(uint8_t *bytes, uint8_t *fields, const uint8_t *end)
{
	uint32_t count = (uint32_t)(end - fields) - 4;

	memcpy(fields, &count, 4);
	return (
	    answer(bytes, P9_TREADDIR + 1, 0, fields, (size_t)(end - fields)));
}

CASE(dirents, "do directory entries come through, as many as fit?")
{
	uint8_t fields[300], bytes[400], *buf, *p = fields + 4;
	struct hostfs_dirent *hd;
	struct p9_msg pm;
	uint8_t *out;
	size_t len, done;

	p = entry(p, 5, 1, 4, ".", 1);
	p = entry(p, 6, 2, 8, "a-file", 6);
	p = entry(p, 7, 3, 10, "link", 4);
	len = entries(bytes, fields, p);
	for (size_t room = 0; room < 200; room++) {
		out = check_alloc(room + 1);
		EQ(hear(bytes, len, P9_TREADDIR, 0, &pm, &buf), 0);
		done = p9_get_dirents(&pm, out, room);
		CHECK(!pm.pm_bad);
		CHECK(done <= room);
		EQ(done, room < 24 ? 0 : room < 56 ? 24 : room < 88 ? 56 : 88);
		check_free(buf);
		check_free(out);
	}
	out = check_alloc(200);
	EQ(hear(bytes, len, P9_TREADDIR, 0, &pm, &buf), 0);
	EQ(p9_get_dirents(&pm, out, 200), 88);
	hd = (void *)(out + 24);
	EQ(hd->hd_ino, 6);
	EQ(hd->hd_next, 2);
	EQ(hd->hd_type, HOSTFS_REG);
	TEXT(hd->hd_name, "a-file");
	check_free(buf);
	check_free(out);
}

CASE(bad_names, "are names with slashes, NULs, no or too many bytes refused?")
{
	static char long_name[300];
	static const struct {
		const char *name;
		uint16_t len;
	} bad[] = {
	    {"", 0}, {"a/b", 3}, {"/", 1}, {"a\0b", 3}, {long_name, 256}};
	uint8_t fields[700], bytes[800], out[1000], *buf, *p;
	struct p9_msg pm;

	memset(long_name, 'n', sizeof(long_name));
	for (size_t i = 0; i < nitems(bad); i++) {
		p = entry(fields + 4, 1, 1, 8, "good", 4);
		p = entry(p, 2, 2, 8, bad[i].name, bad[i].len);
		EQ(hear(bytes, entries(bytes, fields, p), P9_TREADDIR, 0, &pm,
		       &buf),
		    0);
		(void)p9_get_dirents(&pm, out, sizeof(out));
		CHECK(pm.pm_bad);
		check_free(buf);
	}
	p = entry(fields + 4, 1, 1, 8, long_name, 255);
	EQ(hear(bytes, entries(bytes, fields, p), P9_TREADDIR, 0, &pm, &buf),
	    0);
	EQ(p9_get_dirents(&pm, out, sizeof(out)), 280);
	CHECK(!pm.pm_bad);
	check_free(buf);
}

/* One of the decoders, at random. */
static void
decode_any(struct p9_msg *pm)
{
	static uint64_t out[64];
	struct hostfs_statfs hs;
	struct hostfs_attr ha;
	struct p9_qid qid;
	size_t n;

	switch (check_random() % 6) {
	case 0:
		p9_get_attr(pm, &qid, &ha);
		break;
	case 1:
		p9_get_statfs(pm, &hs);
		break;
	case 2:
		CHECK(p9_get_dirents(pm, out, sizeof(out)) <= sizeof(out));
		break;
	case 3:
		(void)p9_get_string(pm, &n);
		break;
	case 4:
		n = p9_get32(pm);
		if (p9_get_bytes(pm, n) != NULL)
			CHECK(n <= pm->pm_size);
		break;
	default:
		(void)p9_get_qid(pm);
		(void)p9_get64(pm);
	}
	CHECK(pm->pm_at <= pm->pm_size);
}

CASE(anything, "does a server that says anything stay harmless?")
{
	for (unsigned round = 0; round < 100000; round++) {
		size_t len = check_random() % 200;
		uint8_t bytes[200], *buf;
		uint32_t size = (uint32_t)len;
		struct p9_msg pm;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(check_random() %
			    (check_random() % 2 ? 4 : 256));
		if (len >= P9_HEADER && check_random() % 8 != 0) {
			memcpy(bytes, &size, 4);
			bytes[4] = P9_TREAD + 1;
			bytes[5] = bytes[6] = 0;
		}
		if (hear(bytes, len, P9_TREAD, 0, &pm, &buf) == 0)
			decode_any(&pm);
		check_free(buf);
	}
}
