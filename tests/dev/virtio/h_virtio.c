/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio devices as programs see them.  t_virtio.py boots the machine with the
 * devices that a case wants: a scratch disk as /dev/vda, a port whose other end
 * echoes as /dev/vport0p1, the share on /host.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>
#include "gtest.h"

#define BLKROGET     0x125e
#define BLKFLSBUF    0x1261
#define BLKSSZGET    0x1268
#define BLKGETSIZE64 0x80081272

static char *const disk = "/dev/vda";
static char *const port = "/dev/vport0p1";
static void *volatile nowhere = (void *)8;

static void
nap(int ms)
{
	struct timespec ts = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&ts, NULL);
}

static void
fill(unsigned char *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)((i * 7 + seed * 31) >> (i % 3));
}

/* --- disk ---------------------------------------------------------------------- */

GTEST(disk_size, "does the disk tell its size, in every way there is?")
{
	int fd = open(disk, O_RDWR), sector = 0, ro = -1;
	uint64_t size = 0;

	CHECK(fd >= 0);
	EQ(ioctl(fd, BLKGETSIZE64, &size), 0);
	EQ(size, 4 << 20);
	EQ(lseek(fd, 0, SEEK_END), size);
	EQ(ioctl(fd, BLKSSZGET, &sector), 0);
	EQ(sector, 512);
	EQ(ioctl(fd, BLKROGET, &ro), 0);
	EQ(ro, 0);
	EQ(ioctl(fd, BLKFLSBUF, 0), 0);
	EQ(fsync(fd), 0);
	EQ(fdatasync(fd), 0);
}

GTEST(disk_bytes, "do bytes at any offset and length come back?")
{
	static const struct {
		off_t off;
		size_t len;
	} io[] = {{0, 1}, {0, 512}, {511, 2}, {1000, 100}, {1024, 4096},
	    {12345, 54321}, {1, 200000}, {700 * 512, 130 * 512}, {4095, 1}};
	static unsigned char a[300000], b[300000];
	int fd = open(disk, O_RDWR);

	CHECK(fd >= 0);
	for (size_t i = 0; i < sizeof(io) / sizeof(io[0]); i++) {
		unsigned char before[2] = {1, 2}, after[2] = {3, 4};
		off_t end = io[i].off + (off_t)io[i].len;

		fill(a, io[i].len, (unsigned)i);
		if (io[i].off > 0)
			EQ(pread(fd, before, 1, io[i].off - 1), 1);
		EQ(pread(fd, after, 1, end), 1);
		EQ(pwrite(fd, a, io[i].len, io[i].off), io[i].len);
		EQ(pread(fd, b, io[i].len, io[i].off), io[i].len);
		EQ(memcmp(a, b, io[i].len), 0);
		/* and the neighbours are as they were */
		if (io[i].off > 0) {
			EQ(pread(fd, before + 1, 1, io[i].off - 1), 1);
			EQ(before[0], before[1]);
		}
		EQ(pread(fd, after + 1, 1, end), 1);
		EQ(after[0], after[1]);
	}
}

GTEST(disk_end, "does the disk end where it ends?")
{
	static char buf[2000];
	int fd = open(disk, O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END);

	EQ(pread(fd, buf, sizeof(buf), size), 0);
	EQ(pread(fd, buf, sizeof(buf), size + 100000), 0);
	EQ(pread(fd, buf, sizeof(buf), size - 10), 10);
	ERR(pwrite(fd, buf, 1, size), ENOSPC);
	EQ(pwrite(fd, buf, sizeof(buf), size - 10), 10);
	EQ(pwrite(fd, buf, 0, size), 0);
	ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	EQ(lseek(fd, -512, SEEK_END), size - 512);
	EQ(read(fd, buf, sizeof(buf)), 512);
	EQ(read(fd, buf, sizeof(buf)), 0);
	ERR(pread(fd, nowhere, 512, 0), EFAULT);
	ERR(pwrite(fd, nowhere, 512, 0), EFAULT);
}

/* Each writer owns one byte of every sector of its kind. */
static void *
disk_writer(void *arg)
{
	long me = (long)arg;
	int fd = open(disk, O_RDWR);

	for (int i = 0; i < 200; i++) {
		char c = (char)(i + me);

		if (pwrite(fd, &c, 1, i % 8 * 512 + me) != 1)
			return ("write");
	}
	close(fd);
	return (NULL);
}

GTEST(disk_shared_sector, "do writers of one sector keep each other's bytes?")
{
	pthread_t t[8];
	int fd = open(disk, O_RDWR);

	for (long i = 0; i < 8; i++)
		EQ(pthread_create(&t[i], NULL, disk_writer, (void *)i), 0);
	for (int i = 0; i < 8; i++) {
		void *why;

		pthread_join(t[i], &why);
		CHECK(why == NULL);
	}
	for (int s = 0; s < 8; s++)
		for (int i = 0; i < 8; i++) {
			char c;

			EQ(pread(fd, &c, 1, s * 512 + i), 1);
			EQ(c, (char)(192 + s + i));
		}
}

static void *
disk_reader(void *arg)
{
	static __thread char buf[65536];
	int fd = open(disk, O_RDONLY);

	for (int i = 0; i < 50; i++)
		if (pread(fd, buf, sizeof(buf), (long)arg * 65536) !=
		    sizeof(buf))
			return ("read");
	close(fd);
	return (NULL);
}

GTEST(disk_many, "do more readers than the ring has room for all get theirs?")
{
	pthread_t t[40];

	for (long i = 0; i < 40; i++)
		EQ(pthread_create(&t[i], NULL, disk_reader, (void *)i), 0);
	for (int i = 0; i < 40; i++) {
		void *why;

		pthread_join(t[i], &why);
		CHECK(why == NULL);
	}
}

GTEST(disk_readonly, "is a read-only disk read, and never written?")
{
	int fd = open(disk, O_RDONLY), ro = 0;
	char c;

	ERR(open(disk, O_RDWR), EROFS);
	ERR(open(disk, O_WRONLY), EROFS);
	CHECK(fd >= 0);
	EQ(ioctl(fd, BLKROGET, &ro), 0);
	EQ(ro, 1);
	EQ(read(fd, &c, 1), 1);
}

GTEST(disk_4k, "does a disk of 4 KiB sectors take any bytes?")
{
	char a[10] = "abcdefghi", b[10];
	int fd = open(disk, O_RDWR), sector = 0;

	EQ(ioctl(fd, BLKSSZGET, &sector), 0);
	EQ(sector, 4096);
	EQ(pwrite(fd, a, 10, 4091), 10);
	EQ(pread(fd, b, 10, 4091), 10);
	EQ(memcmp(a, b, 10), 0);
}

GTEST(disk_broken, "do all calls to a broken disk end, with an error?")
{
	static char buf[4096];
	int fd = open(disk, O_RDONLY);

	/* The host refuses each read (blkdebug); the device keeps the rules. */
	ERR(pread(fd, buf, sizeof(buf), 0), EIO);
	ERR(pread(fd, buf, sizeof(buf), 0), EIO);
}

/* --- entropy ----------------------------------------------------------------------- */

GTEST(entropy, "does the host give bytes, and other ones each time?")
{
	unsigned char a[64], b[64];
	int fd = open("/dev/hwrng", O_RDONLY), same = 0;

	CHECK(fd >= 0);
	EQ(read(fd, a, 0), 0);
	EQ(read(fd, a, sizeof(a)), sizeof(a));
	EQ(read(fd, b, sizeof(b)), sizeof(b));
	for (size_t i = 0; i < sizeof(a); i++)
		same += a[i] == b[i];
	CHECK(same < 20);
	ERR(read(fd, nowhere, 64), EFAULT);
	ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
}

/* --- ports: at the other end is t_virtio.py ----------------------------------------- */

/* Open the port once the host is there. */
static int
port_open(void)
{
	int fd = open(port, O_RDWR);
	struct pollfd p = {fd, POLLOUT, 0};

	CHECK(fd >= 0);
	for (int i = 0; i < 500; i++) {
		if (poll(&p, 1, 100) == 1 && (p.revents & POLLHUP) == 0)
			return (fd);
		nap(10);
	}
	FAIL("the host does not come");
	return (fd);
}

static size_t
read_all(int fd, unsigned char *p, size_t n)
{
	size_t got = 0;
	ssize_t r;

	while (got < n && (r = read(fd, p + got, n - got)) > 0)
		got += (size_t)r;
	return (got);
}

static unsigned char big[3000000], back[3000000];

static void *
port_writer(void *arg)
{
	return ((void *)(write((int)(long)arg, big, sizeof(big))));
}

GTEST(port_echo, "do 3 MB through a port come back whole?")
{
	int fd = port_open();
	pthread_t t;
	void *wrote;

	fill(big, sizeof(big), 3);
	EQ(pthread_create(&t, NULL, port_writer, (void *)(long)fd), 0);
	EQ(read_all(fd, back, sizeof(back)), sizeof(back));
	pthread_join(t, &wrote);
	EQ((long)wrote, sizeof(big));
	EQ(memcmp(big, back, sizeof(big)), 0);
	ERR(open(port, O_RDWR), EBUSY);
	ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
	close(fd);
	fd = port_open(); /* again, now that it is free */
	EQ(write(fd, "x", 1), 1);
	EQ(read_all(fd, back, 1), 1);
	EQ(back[0], 'x');
}

GTEST(port_poll, "do poll and O_NONBLOCK tell what a port would do?")
{
	int fd = port_open();
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};
	char c;

	EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	ERR(read(fd, &c, 1), EAGAIN);
	EQ(poll(&p, 1, 0), 1);
	EQ(p.revents, POLLOUT);
	EQ(write(fd, "y", 1), 1);
	p.events = POLLIN;
	EQ(poll(&p, 1, 5000), 1);
	EQ(p.revents, POLLIN);
	EQ(read(fd, &c, 1), 1);
	EQ(c, 'y');
	EQ(poll(&p, 1, 50), 0);
}

GTEST(port_backpressure, "does a host that does not read stop the writer?")
{
	int fd = port_open();
	struct pollfd p = {fd, POLLOUT, 0};
	size_t total = 0;
	ssize_t n;

	/* t_virtio.py reads nothing until we have said nothing for a while. */
	EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	for (int quiet = 0; quiet < 10 && total < sizeof(big);) {
		n = write(fd, big, 50000);
		if (n > 0) {
			total += (size_t)n;
			quiet = 0;
			continue;
		}
		EQ(n, -1);
		EQ(errno, EAGAIN);
		/* The host's own queue may have taken some since. */
		if (poll(&p, 1, 0) != 0)
			continue;
		nap(10);
		quiet++;
	}
	CHECK(total < sizeof(big));
	/* Then it takes everything, and the blocking rest with it. */
	EQ(fcntl(fd, F_SETFL, 0), 0);
	EQ(write(fd, big, 500000), 500000);
	printf("wrote %zu\n", total + 500000);
}

GTEST(port_hangup, "does the host's hangup end reads and show in poll?")
{
	int fd = port_open();
	struct pollfd p = {fd, POLLIN, 0};
	char buf[16];

	EQ(write(fd, "bye", 3), 3); /* the host answers, then goes */
	EQ(read_all(fd, (unsigned char *)buf, 3), 3);
	EQ(read(fd, buf, sizeof(buf)), 0);
	EQ(poll(&p, 1, 0), 1);
	CHECK((p.revents & POLLHUP) != 0);
	EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	ERR(write(fd, "x", 1), EAGAIN);
	printf("hung up\n");
	EQ(fcntl(fd, F_SETFL, 0), 0);
	EQ(write(fd, "again", 5), 5); /* waits for the host to come back */
	EQ(read_all(fd, (unsigned char *)buf, 5), 5);
	EQ(memcmp(buf, "again", 5), 0);
}

GTEST(port_console, "is a console port a terminal?")
{
	int fd = open("/dev/hvc0", O_RDWR | O_NOCTTY);
	char buf[64];

	CHECK(fd >= 0);
	CHECK(isatty(fd));
	ERR(open("/dev/vport0p0", O_RDWR), ENXIO);
	EQ(write(fd, "login: ", 7), 7);
	EQ(read(fd, buf, sizeof(buf)), 5); /* a line of t_virtio.py */
	EQ(memcmp(buf, "root\n", 5), 0);
	for (int i = 0; i < 20000; i++)
		EQ(dprintf(fd, "line %d\n", i),
		    i < 10	    ? 7
			: i < 100   ? 8
			: i < 1000  ? 9
			: i < 10000 ? 10
				    : 11);
}

/* --- network: behind it is QEMU's own network, 10.0.2.2 answers ----------------------- */

GTEST(net_arp, "is an ARP request sent, and answered, as frames?")
{
	static const unsigned char ask[42] = {255, 255, 255, 255, 255, 255,
	    0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 0x52,
	    0x54, 0, 0x12, 0x34, 0x56, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2,
	    2};
	unsigned char frame[2000];
	int fd = open("/dev/vnet0", O_RDWR);
	struct pollfd p = {fd, POLLIN, 0};
	ssize_t n;

	CHECK(fd >= 0);
	ERR(write(fd, ask, 13), EMSGSIZE);
	ERR(write(fd, frame, 1515), EMSGSIZE);
	for (int i = 0; i < 200; i++) { /* more than there are buffers */
		EQ(write(fd, ask, sizeof(ask)), sizeof(ask));
		do {
			EQ(poll(&p, 1, 5000), 1);
			n = read(fd, frame, sizeof(frame));
		} while (n > 0 && (frame[12] != 8 || frame[13] != 6));
		CHECK(n >= 42);
		EQ(frame[21], 2); /* a reply */
		EQ(memcmp(frame + 28, ask + 38, 4), 0);
		EQ(memcmp(frame, ask + 6, 6), 0);
	}
	EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (read(fd, frame, sizeof(frame)) > 0)
		;
	EQ(errno, EAGAIN);
	ERR(write(fd, nowhere, 100), EFAULT);
	close(fd);
}

/* --- the share -------------------------------------------------------------------------- */

GTEST(host_tree, "does the host's directory behave like a file system?")
{
	struct stat st, st2;
	char buf[64];
	struct statfs sf;
	int fd;

	EQ(mkdir("/host/d", 0750), 0);
	ERR(mkdir("/host/d", 0750), EEXIST);
	EQ(stat("/host/d", &st), 0);
	EQ(st.st_mode, S_IFDIR | 0750);
	fd = open("/host/d/f", O_RDWR | O_CREAT | O_EXCL, 0640);
	CHECK(fd >= 0);
	EQ(write(fd, "hello", 5), 5);
	EQ(fsync(fd), 0);
	EQ(fstat(fd, &st), 0);
	EQ(st.st_size, 5);
	EQ(st.st_mode, S_IFREG | 0640);
	ERR(open("/host/d/f", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
	EQ(rename("/host/d/f", "/host/g"), 0);
	EQ(fstat(fd, &st2), 0); /* the same, wherever its name went */
	EQ(st.st_ino, st2.st_ino);
	EQ(link("/host/g", "/host/d/h"), 0);
	EQ(stat("/host/d/h", &st2), 0);
	EQ(st2.st_nlink, 2);
	EQ(st2.st_ino, st.st_ino);
	EQ(symlink("d/h", "/host/l"), 0);
	EQ(readlink("/host/l", buf, sizeof(buf)), 3);
	EQ(stat("/host/l", &st2), 0);
	EQ(st2.st_ino, st.st_ino);
	EQ(chmod("/host/g", 0604), 0);
	EQ(stat("/host/d/h", &st2), 0);
	EQ(st2.st_mode, S_IFREG | 0604);
	ERR(rmdir("/host/d"), ENOTEMPTY);
	ERR(unlink("/host/none"), ENOENT);
	ERR(open("/host/g/x", O_RDONLY), ENOTDIR);
	EQ(unlink("/host/g"), 0);
	EQ(fstat(fd, &st2), 0); /* one name is left */
	EQ(unlink("/host/d/h"), 0);
	EQ(unlink("/host/l"), 0);
	EQ(rmdir("/host/d"), 0);
	ERR(stat("/host/d", &st), ENOENT);
	EQ(statfs("/host", &sf), 0);
	CHECK(sf.f_blocks > 0 && sf.f_bsize > 0);
}

GTEST(host_removed, "does a removed file live while it is open?")
{
	char buf[16] = "";
	struct stat st;
	int fd = open("/host/r", O_RDWR | O_CREAT, 0600), fd2;

	CHECK(fd >= 0);
	EQ(write(fd, "first", 5), 5);
	EQ(unlink("/host/r"), 0);
	fd2 = open("/host/r", O_RDWR | O_CREAT | O_EXCL, 0600); /* another */
	CHECK(fd2 >= 0);
	EQ(write(fd2, "second!", 7), 7);
	EQ(pread(fd, buf, sizeof(buf), 0), 5);
	EQ(memcmp(buf, "first", 5), 0);
	EQ(pwrite(fd, "more", 4, 5), 4);
	EQ(pwrite(fd, "FI", 2, 0), 2);
	EQ(fstat(fd, &st), 0);
	EQ(pread(fd2, buf, sizeof(buf), 0), 7);
	EQ(memcmp(buf, "second!", 7), 0);
	EQ(rename("/host/r", "/host/s"), 0);
	EQ(fstat(fd2, &st), 0);
	EQ(st.st_size, 7);
	EQ(unlink("/host/s"), 0);
}

GTEST(host_many, "are 300 names of a directory listed, each once?")
{
	static char seen[300];
	struct dirent *de;
	char name[64];
	DIR *d;
	int n = 0;

	EQ(mkdir("/host/many", 0700), 0);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "/host/many/file-%d", i);
		close(open(name, O_WRONLY | O_CREAT, 0600));
	}
	d = opendir("/host/many");
	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL)
		if (sscanf(de->d_name, "file-%d", &n) == 1)
			seen[n]++;
	closedir(d);
	for (int i = 0; i < 300; i++) {
		EQ(seen[i], 1);
		snprintf(name, sizeof(name), "/host/many/file-%d", i);
		EQ(unlink(name), 0);
	}
	EQ(rmdir("/host/many"), 0);
}

GTEST(host_data, "do large files and mappings show the host's bytes?")
{
	int fd = open("/host/big", O_RDWR | O_CREAT, 0600);
	unsigned char *p;

	fill(big, sizeof(big), 9);
	EQ(write(fd, big, sizeof(big)), sizeof(big));
	EQ(pread(fd, back, sizeof(back), 0), sizeof(back));
	EQ(memcmp(big, back, sizeof(big)), 0);
	p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	EQ(memcmp(p, big, 1 << 20), 0);
	p[5] = 'Q';
	EQ(msync(p, 1 << 20, MS_SYNC), 0);
	EQ(pread(fd, back, 8, 0), 8);
	EQ(back[5], 'Q');
	EQ(ftruncate(fd, 100), 0);
	EQ(pread(fd, back, 200, 0), 100);
	EQ(ftruncate(fd, 5000), 0);
	EQ(pread(fd, back, 5000, 0), 5000);
	EQ(back[4999], 0);
	EQ(unlink("/host/big"), 0);
}

GTEST(host_changes, "is a change on the host noticed?")
{
	char buf[32] = "";
	int fd = open("/host/watched", O_RDONLY);

	CHECK(fd >= 0);
	EQ(pread(fd, buf, sizeof(buf), 0), 3); /* t_virtio.py wrote "old" */
	printf("change it\n");
	for (int i = 0; i < 500; i++) {
		ssize_t n = pread(fd, buf, sizeof(buf), 0);

		if (n == 8 && memcmp(buf, "new text", 8) == 0)
			break;
		nap(10);
		if (i == 499)
			FAIL("still %zd bytes", n);
	}
	printf("replace it\n");
	for (int i = 0; i < 500; i++) {
		ssize_t n = pread(fd, buf, sizeof(buf), 0);

		if (n == -1 && errno == ESTALE)
			return;
		nap(10);
	}
	FAIL("not stale");
}

GTEST(host_readonly, "is a share that is read-only never written?")
{
	char buf[16];
	int fd = open("/host/watched", O_RDONLY);

	EQ(read(fd, buf, sizeof(buf)), 3);
	ERR(open("/host/watched", O_RDWR), EROFS);
	ERR(open("/host/x", O_WRONLY | O_CREAT, 0600), EROFS);
	ERR(mkdir("/host/x", 0700), EROFS);
	ERR(unlink("/host/watched"), EROFS);
	ERR(chmod("/host/watched", 0), EROFS);
}
