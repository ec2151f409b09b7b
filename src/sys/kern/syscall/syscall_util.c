/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transfers and small conversions that call handlers of all ABIs share.
 */
#include <sys/systm.h>
#include <sys/file.h>
#include <sys/kern_calls.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/syscall_util.h>
#include <sys/ucred.h>
#include <vm/vm.h>

#define RW_MAX	   0x7ffff000UL /* one transfer: as Linux, a page below 2G */
#define SELECT_MAX 65536	/* descriptors in one call */

int
sys_rw(int fd, uaddr_t buf, size_t n, off_t off, enum uio_rw rw, uint64_t *resp)
{
	int fof = off == OFF_CURRENT ? 0 : FOF_OFFSET, error;
	struct iovec iov;
	struct uio uio;
	size_t done = 0;

	if (off < OFF_CURRENT)
		return (EINVAL);
	uio_init_user(&uio, &iov, buf, MIN(n, RW_MAX), MAX(off, 0), rw);
	error = rw == UIO_READ ? kern_read(fd, &uio, fof, &done)
			       : kern_write(fd, &uio, fof, &done);
	*resp = done;
	return (error);
}

int
sys_rwv(
    int fd, uaddr_t uiov, int cnt, off_t off, enum uio_rw rw, uint64_t *resp)
{
	return (sys_rwv2(fd, uiov, cnt, off, 0, rw, resp));
}

int
sys_rwv2(int fd, uaddr_t uiov, int cnt, off_t off, int fof, enum uio_rw rw,
    uint64_t *resp)
{
	int error;
	struct iovec small[IOV_SMALL];
	struct uio uio;
	size_t done = 0;

	if (off < OFF_CURRENT)
		return (EINVAL);
	if (off != OFF_CURRENT)
		fof |= FOF_OFFSET;
	if ((error = uio_copyin(uiov, cnt, rw, &uio, small)) != 0)
		return (error);
	uio.uio_offset = MAX(off, 0);
	error = rw == UIO_READ ? kern_read(fd, &uio, fof, &done)
			       : kern_write(fd, &uio, fof, &done);
	*resp = done;
	uio_iov_free(&uio, small);
	return (error);
}

int
sys_sendfile(
    int out, int in, uaddr_t uinoff, uaddr_t uoutoff, size_t n, uint64_t *resp)
{
	off_t inoff = 0, outoff = 0;
	size_t done = 0;
	int error = 0;

	if (uinoff != 0)
		error = copyin(uinoff, &inoff, sizeof(inoff));
	if (error == 0 && uoutoff != 0)
		error = copyin(uoutoff, &outoff, sizeof(outoff));
	if (error == 0 && (inoff < 0 || outoff < 0))
		error = EINVAL;
	if (error != 0)
		return (error);
	error = kern_sendfile(out, in, uinoff != 0 ? &inoff : NULL,
	    uoutoff != 0 ? &outoff : NULL, MIN(n, RW_MAX), &done);
	if (error == 0 && uinoff != 0)
		error = copyout(&inoff, uinoff, sizeof(inoff));
	if (error == 0 && uoutoff != 0)
		error = copyout(&outoff, uoutoff, sizeof(outoff));
	*resp = done;
	return (error);
}

int
sys_getcwd(uaddr_t ubuf, size_t n, uint64_t *resp)
{
	char *buf = kmalloc(PATH_MAX_ABI, M_TEMP, M_WAITOK);
	size_t len;
	int error;

	if (buf == NULL)
		return (ENOMEM);
	error = kern_getcwd(buf, PATH_MAX_ABI);
	if (error == 0) {
		len = strlen(buf) + 1;
		error = len > n ? ERANGE : copyout(buf, ubuf, len);
		*resp = len;
	}
	kfree(buf, M_TEMP);
	return (error);
}

int
sys_getrandom(uaddr_t ubuf, size_t n, uint64_t *resp)
{
	uint8_t buf[256];
	size_t part, done = 0;
	int error = 0;

	n = MIN(n, 1UL << 25);
	while (done < n) {
		part = MIN(n - done, sizeof(buf));
		random_bytes(buf, part);
		if ((error = copyout(buf, ubuf + done, part)) != 0)
			break;
		done += part;
	}
	*resp = done;
	return (done > 0 ? 0 : error);
}

int
sys_getgroups(int n, uaddr_t groups, uint64_t *resp)
{
	struct ucred *cr = cred_current();

	if (n < 0 || (n > 0 && n < cr->cr_ngroups))
		return (EINVAL);
	*resp = (uint64_t)cr->cr_ngroups;
	if (n == 0)
		return (0);
	return (copyout(
	    cr->cr_groups, groups, (size_t)cr->cr_ngroups * sizeof(gid_t)));
}

int
sys_setgroups(int n, uaddr_t ugroups)
{
	gid_t groups[NGROUPS_MAX];
	int error;

	if (n < 0 || n > NGROUPS_MAX)
		return (EINVAL);
	error = copyin(ugroups, groups, (size_t)n * sizeof(gid_t));
	return (error != 0 ? error : kern_setgroups(n, groups));
}

int
copyout_u32(uint32_t v, uaddr_t to)
{
	return (to == 0 ? 0 : copyout(&v, to, sizeof(v)));
}

int
timeout_copyin(uaddr_t uts, nstime_t *nsp)
{
	struct timespec ts;
	int error;

	*nsp = -1;
	if (uts == 0)
		return (0);
	if ((error = copyin(uts, &ts, sizeof(ts))) != 0)
		return (error);
	if ((error = timespec_check(&ts)) != 0)
		return (error);
	*nsp = ts.tv_sec > INT64_MAX / NS_PER_SEC / 4 ? INT64_MAX / 4
						      : ts_to_ns(&ts);
	return (0);
}

nstime_t
sys_restart_timeout(struct lwp *lp, nstime_t timeout_ns)
{
	nstime_t now;

	if (timeout_ns <= 0)
		return (timeout_ns);
	now = clock_mono();
	if (lp->lw_restart_kind == LWR_POLL)
		return (MAX(lp->lw_restart_deadline - now, 0));
	lp->lw_restart_kind = LWR_POLL;
	lp->lw_restart_deadline = now + timeout_ns;
	return (timeout_ns);
}

/* --- select --------------------------------------------------------------------- */

/* Three sets of the same size behind each other in one allocation. */
struct selsets {
	uint64_t *ss_words;
	size_t ss_n; /* words of one set */
};

static int
selsets_in(struct selsets *ss, const uaddr_t u[3])
{
	int error;

	for (int i = 0; i < 3; i++) {
		if (u[i] == 0)
			continue;
		error = copyin(u[i], ss->ss_words + (size_t)i * ss->ss_n,
		    ss->ss_n * sizeof(uint64_t));
		if (error != 0)
			return (error);
	}
	return (0);
}

static int
selsets_out(struct selsets *ss, const uaddr_t u[3])
{
	int error;

	for (int i = 0; i < 3; i++) {
		if (u[i] == 0)
			continue;
		error = copyout(ss->ss_words + (size_t)i * ss->ss_n, u[i],
		    ss->ss_n * sizeof(uint64_t));
		if (error != 0)
			return (error);
	}
	return (0);
}

int
sys_select(int nfds, uaddr_t in, uaddr_t out, uaddr_t ex, nstime_t timeout_ns,
    const struct sigset *mask, uint64_t *resp)
{
	const uaddr_t u[3] = {in, out, ex};
	struct selsets ss;
	uint64_t *set[3];
	int error, ready = 0;

	if (nfds < 0)
		return (EINVAL);
	nfds = MIN(nfds, SELECT_MAX);
	ss.ss_n = howmany((size_t)nfds, 64);
	ss.ss_words = kmalloc(
	    MAX(ss.ss_n * 3, 1) * sizeof(uint64_t), M_TEMP, M_WAITOK | M_ZERO);
	if (ss.ss_words == NULL)
		return (ENOMEM);
	for (int i = 0; i < 3; i++)
		set[i] = u[i] != 0 ? ss.ss_words + (size_t)i * ss.ss_n : NULL;
	error = selsets_in(&ss, u);
	if (error == 0)
		error = kern_select(
		    nfds, set[0], set[1], set[2], timeout_ns, mask, &ready);
	if (error == 0)
		error = selsets_out(&ss, u);
	kfree(ss.ss_words, M_TEMP);
	*resp = (uint64_t)ready;
	return (error);
}

/* --- directories ------------------------------------------------------------------ */

void *
dirbuf_room(struct dirbuf *db, size_t n)
{
	void *p;

	if (db->db_size - db->db_used < n) {
		db->db_full = true;
		return (NULL);
	}
	p = db->db_buf + db->db_used;
	memset(p, 0, n);
	db->db_used += n;
	return (p);
}

int
dirbuf_getdents(int fd, uaddr_t ubuf, size_t n,
    int (*emit)(void *arg, const char *name, size_t len, ino_t ino, uint8_t dt,
	uint64_t next),
    uint64_t *resp)
{
	struct dirbuf db = {NULL, MIN(n, DIRBUF_MAX), 0, false};
	int error;

	if (n == 0)
		return (EINVAL);
	if ((db.db_buf = kmalloc(db.db_size, M_TEMP, M_WAITOK)) == NULL)
		return (ENOMEM);
	error = kern_getdents(fd, emit, &db);
	if (error == 0 && db.db_used == 0 && db.db_full)
		error = EINVAL; /* not even one fits */
	if (error == 0 && db.db_used > 0)
		error = copyout(db.db_buf, ubuf, db.db_used);
	kfree(db.db_buf, M_TEMP);
	*resp = db.db_used;
	return (error);
}

/* --- residency ---------------------------------------------------------------------- */

#define INCORE_CHUNK 256 /* pages asked for at once */

int
sys_mincore(struct lwp *lp, uaddr_t addr, size_t len, uaddr_t vec)
{
	struct vmspace *vm = lp->lw_proc->p_vmspace;
	uint8_t buf[INCORE_CHUNK];
	size_t n;
	int error = 0;

	if ((addr & PAGE_MASK) != 0 || addr + len < addr)
		return (EINVAL);
	for (len = round_page(len); len > 0 && error == 0;) {
		n = MIN(len, INCORE_CHUNK * PAGE_SIZE);
		error = vm_incore(vm, addr, n, buf);
		if (error == 0)
			error = copyout(buf, vec, atop(n));
		addr += n;
		vec += atop(n);
		len -= n;
	}
	return (error);
}
