/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes below the descriptor layer. */
#include <sys/cpu.h>
#include <sys/ktest.h>
#include <sys/malloc.h>
#include <sys/uio.h>
#include <kern/ipc/pipe_var.h>
#include <sys/pipe.h>

static struct pipe *
make(void)
{
	struct pipe *pp = pipe_create();

	KT_CHECK(pp != NULL);
	pp->pp_readers = pp->pp_writers = 1;
	return (pp);
}

static int
io(struct pipe *pp, enum uio_rw rw, void *buf, size_t len, size_t *donep)
{
	struct iovec iov;
	struct uio uio;
	int error;

	uio_init(&uio, &iov, buf, len, 0, rw);
	error = rw == UIO_READ ? pipe_read(pp, &uio, true)
			       : pipe_write(pp, &uio, true);
	*donep = len - uio.uio_resid;
	return (error);
}

KTEST(pipe_ends, "do empty, full, and closed ends answer as POSIX says?")
{
	struct pipe *pp = make();
	static char buf[70000];
	size_t n;

	KT_EQ(io(pp, UIO_READ, buf, 10, &n), EAGAIN);
	KT_EQ(io(pp, UIO_WRITE, buf, sizeof(buf), &n), 0);
	KT_EQ(n, 65536);
	KT_EQ(io(pp, UIO_WRITE, buf, 1, &n), EAGAIN);
	KT_EQ(io(pp, UIO_READ, buf, 4095, &n), 0);
	KT_EQ(io(pp, UIO_WRITE, buf, 4096, &n), EAGAIN);
	KT_EQ(io(pp, UIO_WRITE, buf, 4097, &n), 0);
	KT_EQ(n, 4095);
	pipe_detach(pp, 2);
	KT_EQ(io(pp, UIO_READ, buf, sizeof(buf), &n), 0);
	KT_EQ(n, 65536);
	KT_EQ(io(pp, UIO_READ, buf, 1, &n), 0);
	KT_EQ(n, 0);
	KT_EQ(pp->pp_ring.pr_npages, 1);
	pp->pp_writers = 1;
	pipe_detach(pp, 1);
	KT_EQ(io(pp, UIO_WRITE, buf, 1, &n), EPIPE);
	pipe_destroy(pp);
}

KTEST(pipe_order, "do bytes come in order through all wraps and sizes?")
{
	struct pipe *pp = make();
	static uint8_t buf[9000];
	uint64_t sent = 0, got = 0, rnd = 12345;
	size_t n;

	for (int i = 0; i < 3000; i++) {
		size_t len;

		rnd = rnd * 6364136223846793005UL + 1442695040888963407UL;
		len = (rnd >> 33) % sizeof(buf) + 1;
		for (size_t k = 0; k < len; k++)
			buf[k] = (uint8_t)((sent + k) * 7);
		if (io(pp, UIO_WRITE, buf, len, &n) == 0)
			sent += n;
		rnd = rnd * 6364136223846793005UL + 1442695040888963407UL;
		len = (rnd >> 33) % sizeof(buf) + 1;
		if (io(pp, UIO_READ, buf, len, &n) != 0)
			continue;
		for (size_t k = 0; k < n; k++)
			if (buf[k] != (uint8_t)((got + k) * 7)) {
				ktest_fail(
				    __FILE__, __LINE__, "byte %lu", got + k);
				return;
			}
		got += n;
	}
	KT_CHECK(got > 1000000);
	pipe_destroy(pp);
}

KTEST(pipe_resize, "does a resize keep the bytes, and refuse to lose any?")
{
	struct pipe *pp = make();
	static char buf[20000], back[20000];
	int size = 4096;
	size_t n;

	random_bytes(buf, sizeof(buf));
	KT_EQ(io(pp, UIO_WRITE, buf, 5000, &n), 0);
	KT_EQ(io(pp, UIO_READ, back, 5000, &n), 0);
	KT_EQ(io(pp, UIO_WRITE, buf, 100, &n), 0);
	KT_EQ(io(pp, UIO_READ, back, 50, &n), 0);
	KT_EQ(io(pp, UIO_WRITE, buf + 100, sizeof(buf) - 100, &n), 0);
	KT_EQ(pipe_ioctl(pp, PIPEIOC_SETSIZE, &size), EBUSY);
	size = 20000;
	KT_EQ(pipe_ioctl(pp, PIPEIOC_SETSIZE, &size), 0);
	KT_EQ(size, 32768);
	KT_EQ(io(pp, UIO_READ, back, sizeof(back), &n), 0);
	KT_EQ(n, sizeof(buf) - 50);
	KT_EQ(memcmp(back, buf + 50, n), 0);
	pipe_destroy(pp);
}

#define ROUNDS 5000
static struct pipe *ping, *pong;
static volatile int finished;

static int
one(struct pipe *pp, enum uio_rw rw, char *c)
{
	struct iovec iov;
	struct uio uio;

	uio_init(&uio, &iov, c, 1, 0, rw);
	return (rw == UIO_READ ? pipe_read(pp, &uio, false)
			       : pipe_write(pp, &uio, false));
}

static void
echo(void *arg)
{
	char c;

	for (int i = 0; i < ROUNDS; i++) {
		KT_EQ(one(ping, UIO_READ, &c), 0);
		KT_EQ(one(pong, UIO_WRITE, &c), 0);
	}
	finished = 1;
}

KTEST(pipe_ping_pong, "is a wakeup lost between reader and writer?")
{
	struct thread *td;
	nstime_t t0;
	char c = 'x';

	ping = make();
	pong = make();
	td = thread_create(echo, NULL, TDPRI_KERN, "echo");
	thread_start(td, cpus[ncpus - 1]);
	t0 = clock_mono();
	for (int i = 0; i < ROUNDS; i++) {
		KT_EQ(one(ping, UIO_WRITE, &c), 0);
		KT_EQ(one(pong, UIO_READ, &c), 0);
	}
	kprintf("pipe round trip %ld ns\n", (clock_mono() - t0) / ROUNDS);
	while (!finished)
		tsleep(&c, 0, "ktest", NS_PER_MSEC);
	pipe_destroy(ping);
	pipe_destroy(pong);
}
