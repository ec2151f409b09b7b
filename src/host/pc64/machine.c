/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One QEMU: its command line, its channels, its end.
 *
 * 1. The command line is a list of rows that hold for every tier, and a few that
 *    depend on the options.  Nothing is left to QEMU's defaults (-nodefaults).
 *    Kernel and archive are handed over as descriptors with fixed numbers: a
 *    path may hold blanks and commas, which multiboot's options cannot quote.
 *
 * 2. QEMU cannot outlive us: the kernel of the host kills it when we are gone
 *    (PR_SET_PDEATHSIG); if we were gone before it asked for that, it sees
 *    another parent and ends.
 *
 * 3. A GRUB tier's serial line first carries what firmware and GRUB say.  It is
 *    swallowed up to GRUB_MARK, the last line of our grub.cfg.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <option.h>
#include "pc64_var.h"

#define PORT_READY     0x11
#define EXIT_OF(class) ((class) << 1 | 1) /* isa-debug-exit */
#define GRUB_MARK      "mayfly: starting\n\r"
#define OVMF	       "/usr/share/ovmf/OVMF.fd"

/* QEMU's descriptors. */
enum {
	FD_SERIAL = 3,
	FD_DEBUG,
	FD_MONITOR,
	FD_KERNEL,
	FD_INITRAMFS,
	FD_END
};
#define FD_ASIDE 50 /* above all of them */

static const struct tier tiers[] = {
    {"microvm", "microvm,auto-kernel-cmdline=off", "device", NULL, NULL},
    {"q35", "q35", "pci-non-transitional", NULL, NULL},
    {"iso", "q35", "pci-non-transitional", NULL, "iso"},
    {"iso-efi", "q35", "pci-non-transitional", OVMF, "iso"},
    {"disk", "q35", "pci-non-transitional", NULL, "disk"},
};

const struct tier *
tier_find(const char *name)
{
	for (size_t i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++)
		if (strcmp(tiers[i].t_name, name) == 0)
			return (&tiers[i]);
	return (NULL);
}

/* --- the command line -------------------------------------------------------------- */

struct args {
	char **list;
};

static void __attribute__((format(printf, 2, 3)))
add(struct args *a, const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		option_fail("out of memory");
	va_end(ap);
	a->list = grow_list(a->list, s);
}

/* A value inside one of QEMU's options: commas are doubled. */
static char *
quoted(const char *s)
{
	char *out = malloc(2 * strlen(s) + 1), *p = out;

	if (out == NULL)
		option_fail("out of memory");
	for (; *s != '\0'; s++) {
		if (*s == ',')
			*p++ = ',';
		*p++ = *s;
	}
	*p = '\0';
	return (out);
}

static const char *const always[] = {"-nodefaults", "-no-user-config",
    "-display", "none", "-no-reboot", "-cpu", "max",
    /* the console */
    "-chardev", "socket,id=serial,fd=3", "-serial", "chardev:serial",
    /* ports 0xe9 and 0xf4 */
    "-chardev", "socket,id=debug,fd=4", "-device",
    "isa-debugcon,iobase=0xe9,chardev=debug", "-device",
    "isa-debug-exit,iobase=0xf4,iosize=0x04",
    /* the monitor */
    "-chardev", "socket,id=monitor,fd=5", "-mon",
    "chardev=monitor,mode=control",
    /* virtio 1.0 on microvm too */
    "-global", "virtio-mmio.force-legacy=false"};

/* Time stands still between instructions and nothing comes from the host. */
static void
add_icount(struct args *a, const struct config *c)
{
	add(a, "-icount");
	add(a, "shift=%s,sleep=off", c->c_icount);
	add(a, "-rtc");
	add(a, "base=2026-01-01T00:00:00,clock=vm");
	if (c->c_seed == NULL) {
		add(a, "-seed");
		add(a, "0");
	}
}

static void
add_kernel(struct args *a, const struct config *c)
{
	if (c->c_tier->t_image == NULL) {
		add(a, "-kernel");
		add(a, "/dev/fd/%d", FD_KERNEL);
		add(a, "-initrd");
		add(a, "/dev/fd/%d", FD_INITRAMFS);
		add(a, "-append");
		add(a, "%s", cmdline_make(c));
		return;
	}
	/* GRUB reads the kernel's words from a table of the firmware. */
	add(a, "-smbios");
	add(a, "type=11,value=mayfly:%s", quoted(cmdline_make_grub(c)));
	add(a, "-drive");
	if (strcmp(c->c_tier->t_image, "iso") == 0)
		add(a, "file=%s,format=raw,media=cdrom,readonly=on",
		    quoted(image_get(c)));
	else
		add(a, "file=%s,format=raw,if=virtio,snapshot=on",
		    quoted(image_get(c)));
}

/*
 * The RAM is a file that others can map: tools read the shared segment from it,
 * also when the machine is no more.  What an earlier machine left must not be
 * taken for ours.
 */
static void
add_ram_file(struct args *a, const struct config *c)
{
	int fd = open(c->c_kshm, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		option_fail("--kshm: %s: %s", c->c_kshm, strerror(errno));
	close(fd);
	add(a, "-object");
	add(a, "memory-backend-file,id=ram,size=%luk,share=on,mem-path=%s",
	    (unsigned long)(c->c_memory_bytes >> 10), quoted(c->c_kshm));
}

static void
add_gdb(struct args *a, const struct config *c)
{
	add(a, "-S");
	add(a, "-gdb");
	if (strchr(c->c_gdb, '/') != NULL)
		add(a, "unix:%s,server=on,wait=off", quoted(c->c_gdb));
	else
		add(a, "tcp:127.0.0.1:%s", c->c_gdb);
}

static char **
make_args(const struct config *c, const char *qemu)
{
	const struct tier *t = c->c_tier;
	struct args a = {NULL};

	add(&a, "%s", qemu);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		add(&a, "%s", always[i]);
	add(&a, "-machine");
	add(&a, "%s%s", t->t_machine,
	    c->c_kshm != NULL ? ",memory-backend=ram" : "");
	if (c->c_kshm != NULL)
		add_ram_file(&a, c);
	add(&a, "-accel");
	add(&a, "tcg,thread=%s", c->c_icount != NULL ? "single" : "multi");
	add(&a, "-m");
	add(&a, "%luk", (unsigned long)(c->c_memory_bytes >> 10));
	add(&a, "-smp");
	add(&a, "%d", c->c_cpus);
	if (t->t_firmware != NULL) {
		add(&a, "-bios");
		add(&a, "%s", t->t_firmware);
	}
	add_kernel(&a, c);
	if (c->c_icount != NULL) {
		add_icount(&a, c);
	} else {
		add(&a, "-device");
		add(&a, "virtio-rng-%s", t->t_device);
	}
	if (c->c_seed != NULL) {
		add(&a, "-seed");
		add(&a, "%s", c->c_seed);
	}
	if (c->c_share != NULL) {
		add(&a, "-fsdev");
		add(&a,
		    "local,id=share,path=%s,security_model=none,"
		    "multidevs=remap,readonly=%s",
		    quoted(c->c_share), c->c_share_ro ? "on" : "off");
		add(&a, "-device");
		add(&a, "virtio-9p-%s,fsdev=share,mount_tag=share",
		    t->t_device);
	}
	if (c->c_gdb != NULL)
		add_gdb(&a, c);
	for (char **x = c->c_extra; x != NULL && *x != NULL; x++)
		add(&a, "%s", *x);
	return (a.list);
}

/* --- start -------------------------------------------------------------------------- */

static int
open_or_end(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		option_fail("%s: %s", path, strerror(errno));
	return (fd);
}

/*
 * QEMU writes to a serial line byte by byte, and a byte in a socket is charged
 * as 768: the host's usual room is full after 277 of them, when we are not run
 * for a moment.  Then the guest waits; more room, and it seldom does.
 */
#define ROOM (8 << 20)

static void
pair(int *ours, int *theirs)
{
	int sv[2], room = ROOM;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) != 0)
		option_fail("cannot make a socket: %s", strerror(errno));
	*ours = sv[0];
	*theirs = sv[1];
	if (setsockopt(
		*theirs, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0)
		setsockopt(*theirs, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static void __attribute__((noreturn))
become_qemu(char **argv, int fds[FD_END], pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 2; i < FD_END; i++)
		fds[i] = fcntl(fds[i], F_DUPFD, FD_ASIDE);
	dup2(null, 0);
	dup2(null, 1);
	for (int i = 2; i < FD_END; i++)
		dup2(fds[i], i);
	close_range(FD_END, ~0U, 0);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	execvp(argv[0], argv);
	dprintf(2, "cannot run %s: %s: install qemu-system-x86\n", argv[0],
	    strerror(errno));
	_exit(1);
}

void
machine_start(struct machine *m, const struct config *c)
{
	const char *qemu = getenv("PC64_QEMU");
	int fds[FD_END];
	pid_t parent = getpid();
	char **argv;

	argv = make_args(c, qemu != NULL ? qemu : "qemu-system-x86_64");
	memset(m, 0, sizeof(*m));
	m->m_status = -1;
	m->m_firmware = c->c_tier->t_image != NULL;
	pair(&m->m_errors, &fds[2]);
	pair(&m->m_serial, &fds[FD_SERIAL]);
	pair(&m->m_debug, &fds[FD_DEBUG]);
	pair(&m->m_monitor, &fds[FD_MONITOR]);
	fds[FD_KERNEL] = open_or_end(c->c_kernel);
	fds[FD_INITRAMFS] = open_or_end(c->c_initramfs);
	if ((m->m_pid = fork()) < 0)
		option_fail("cannot make a process: %s", strerror(errno));
	if (m->m_pid == 0)
		become_qemu(argv, fds, parent);
	for (int i = 2; i < FD_END; i++)
		close(fds[i]);
}

/* --- the channels --------------------------------------------------------------------- */

static void
take_debug(struct machine *m, const uint8_t *buf, size_t n)
{
	for (size_t i = 0; i < n; i++)
		m->m_ready |= buf[i] == PORT_READY;
	m->m_status = buf[n - 1];
}

static void
take_error(struct machine *m, const uint8_t *buf, size_t n)
{
	size_t room = sizeof(m->m_error) - 1 - m->m_error_len;

	if (n > room)
		n = room;
	memcpy(m->m_error + m->m_error_len, buf, n);
	m->m_error_len += n;
}

/* QEMU's answers to an NMI tell nothing that we need. */
static void
take_monitor(struct machine *m, const uint8_t *buf, size_t n)
{
	(void)m;
	(void)buf;
	(void)n;
}

static void
drain(struct machine *m, int *fd,
    void (*take)(struct machine *m, const uint8_t *buf, size_t n))
{
	uint8_t buf[512];
	ssize_t n;

	while (*fd >= 0 && (n = read(*fd, buf, sizeof(buf))) != -1) {
		if (n > 0) {
			take(m, buf, (size_t)n);
		} else {
			close(*fd);
			*fd = -1;
		}
	}
	if (*fd >= 0 && errno == ECONNRESET) {
		close(*fd);
		*fd = -1;
	}
}

static void
drain_all(struct machine *m)
{
	drain(m, &m->m_debug, take_debug);
	drain(m, &m->m_errors, take_error);
	drain(m, &m->m_monitor, take_monitor);
}

bool
machine_poll(
    struct machine *m, struct pollfd *other, size_t n, bool write, int ms)
{
	struct pollfd p[12] = {
	    {m->m_serial, (short)(POLLIN | (write ? POLLOUT : 0)), 0},
	    {m->m_debug, POLLIN, 0},
	    {m->m_errors, POLLIN, 0},
	    {m->m_monitor, POLLIN, 0},
	};
	int got;

	memcpy(p + 4, other, n * sizeof(*p));
	got = poll(p, 4 + n, ms);
	if (got <= 0)
		for (size_t i = 0; i < 4 + n; i++)
			p[i].revents = 0;
	memcpy(other, p + 4, n * sizeof(*p));
	drain_all(m);
	return (got >= 0);
}

/* How many of n bytes are the firmware's; GRUB_MARK ends them. */
static size_t
firmware_bytes(struct machine *m, const char *buf, size_t n)
{
	static const char mark[] = GRUB_MARK;

	for (size_t i = 0; i < n; i++) {
		if (buf[i] != mark[m->m_matched])
			m->m_matched = 0;
		if (buf[i] == mark[m->m_matched])
			m->m_matched++;
		if (m->m_matched == sizeof(mark) - 1) {
			m->m_firmware = false;
			return (i + 1);
		}
	}
	return (n);
}

size_t
machine_read(struct machine *m, char *buf, size_t size)
{
	ssize_t n = read(m->m_serial, buf, size);
	size_t skip;

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		m->m_dead = true;
	if (n <= 0)
		return (0);
	if (!m->m_firmware)
		return ((size_t)n);
	skip = firmware_bytes(m, buf, (size_t)n);
	memmove(buf, buf + skip, (size_t)n - skip);
	return ((size_t)n - skip);
}

size_t
machine_write(struct machine *m, const char *buf, size_t len)
{
	ssize_t n = send(m->m_serial, buf, len, MSG_NOSIGNAL);

	return (n > 0 ? (size_t)n : 0);
}

void
machine_nmi(struct machine *m)
{
	static const char ask[] = "{\"execute\":\"qmp_capabilities\"}\n"
				  "{\"execute\":\"inject-nmi\"}\n";

	if (m->m_monitor >= 0)
		(void)send(m->m_monitor, ask, sizeof(ask) - 1, MSG_NOSIGNAL);
}

/* --- the end -------------------------------------------------------------------------- */

void
machine_kill(struct machine *m)
{
	m->m_killed = true;
	if (m->m_pid > 0)
		kill(m->m_pid, SIGKILL);
}

/* One line about an end that the kernel did not choose. */
static void
complain(struct machine *m, int status)
{
	m->m_error[strcspn(m->m_error, "\r\n")] = '\0';
	if (m->m_killed)
		return;
	if (WIFSIGNALED(status))
		fprintf(stderr, "pc64: QEMU was ended by signal %d\n",
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) == 0)
		fprintf(stderr,
		    "pc64: the machine reset itself (a triple fault?): see "
		    "where with --gdb\n");
	else
		fprintf(stderr,
		    "pc64: QEMU failed with status %d: %s; see pc64 --help\n",
		    WEXITSTATUS(status),
		    m->m_error[0] != '\0' ? m->m_error : "no word why");
	if (m->m_firmware && m->m_matched == 0)
		fprintf(stderr, "pc64: GRUB did not start the kernel\n");
}

enum ending
machine_wait(struct machine *m, int *statusp)
{
	int status = 0;

	while (waitpid(m->m_pid, &status, 0) < 0 && errno == EINTR)
		;
	drain_all(m);
	close(m->m_serial);
	close(m->m_debug);
	close(m->m_monitor);
	close(m->m_errors);
	m->m_pid = 0;
	if (WIFEXITED(status))
		switch (WEXITSTATUS(status)) {
		case EXIT_OF(0x10):
			*statusp = m->m_status > 0 ? m->m_status : 0;
			return (END_STATUS);
		case EXIT_OF(0x11):
			*statusp = m->m_status > 0 ? m->m_status : 1;
			return (END_STATUS);
		case EXIT_OF(0x12):
			return (END_PANIC);
		case EXIT_OF(0x13):
			return (END_HANG);
		}
	complain(m, status);
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0 ? END_PANIC
							      : END_LOST);
}
