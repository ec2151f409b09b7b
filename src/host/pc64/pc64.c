/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pc64: boots Mayfly on a PC that QEMU emulates, and behaves like the vkernel
 * does: the same options, the console on our terminal, the program's status.
 *
 * 1. Options (this file) are rows of boot_options.h, as for the vkernel, and our
 *    own.  They become a struct config.
 *
 * 2. A tier says how the machine is put together: microvm and q35 load the
 *    kernel by -kernel and the archive by -initrd; iso, iso-efi and disk boot
 *    GRUB from an image that image.c keeps beside the kernel.
 *
 * 3. machine.c starts QEMU, our only child, which dies with us.  Four channels
 *    lead to it: the console (serial line), port 0xe9, QEMU's monitor (QMP), and
 *    its standard error.
 *
 * 4. The kernel's words on port 0xe9 are bytes.  PORT_READY: it reads its console
 *    from now on; until then input is held back, because firmware or the set-up
 *    of the serial line would eat it.  The last byte before the end is the
 *    program's status.
 *
 * 5. The kernel leaves by port 0xf4 with the class of its end: 0x10 ended well,
 *    0x11 the program failed, 0x12 panic, 0x13 hang; QEMU ends with twice that
 *    and one.  We end with the program's status, EXIT_PANIC, EXIT_HANG, or
 *    EXIT_NO_QEMU when QEMU itself failed.
 *
 * 6. A hang is seen from outside: when --timeout passes, an NMI asks the kernel
 *    for a report; it has some seconds to print it and to leave by 0x13, then
 *    QEMU is killed.
 *
 * 7. console.c couples that to our terminal.  serve.c instead keeps machines
 *    with a test agent inside and answers on a socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <option.h>
#include "pc64_var.h"

#define MEMORY_MIN (16UL << 20)
#define MEMORY_MAX (32UL << 30)
#define CPUS_MAX   8

static struct config config = {
    .c_memory_bytes = 256UL << 20,
    .c_cpus = 2,
    .c_workers = 1,
};

/* A NULL-terminated list of pointers with one more. */
void *
grow_list(void *list, const void *item)
{
	const void **l = list;
	size_t n = 0;

	while (l != NULL && l[n] != NULL)
		n++;
	if ((l = realloc(l, (n + 2) * sizeof(*l))) == NULL)
		option_fail("out of memory");
	l[n] = item;
	l[n + 1] = NULL;
	return (l);
}

/* --- options ------------------------------------------------------------------------ */

/* A regular file that can be read, or the end. */
static void
check_file(const char *option, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || access(path, R_OK) != 0)
		option_fail("--%s: %s: %s", option, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		option_fail("--%s: %s is not a regular file", option, path);
}

static void
set_memory(const char *v)
{
	config.c_memory_bytes =
	    option_size("memory", v, MEMORY_MIN, MEMORY_MAX) & ~0xfffUL;
}

static void
set_cpus(const char *v)
{
	config.c_cpus = (int)option_number("cpus", v, 1, CPUS_MAX);
}

static void
set_initramfs(const char *v)
{
	check_file("initramfs", v);
	config.c_initramfs = v;
}

static void
set_share(const char *v)
{
	char *path = strdup(v);
	size_t n = path != NULL ? strlen(path) : 0;
	struct stat st;

	if (n > 3 && strcmp(path + n - 3, ":ro") == 0) {
		config.c_share_ro = true;
		path[n - 3] = '\0';
	}
	if (path == NULL || stat(path, &st) != 0)
		option_fail("--share: %s: %s", v, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		option_fail("--share: %s is not a directory", path);
	config.c_share = path;
}

static void
set_set(const char *v)
{
	if (strchr(v, ' ') != NULL)
		option_fail("--set: \"%s\" has blanks", v);
	config.c_sets = grow_list(config.c_sets, v);
}

static void
set_tier(const char *v)
{
	if ((config.c_tier = tier_find(v)) == NULL)
		option_fail("--tier: \"%s\" is not microvm, q35, iso, iso-efi "
			    "or disk",
		    v);
}

static void
set_kernel(const char *v)
{
	check_file("kernel", v);
	config.c_kernel = strdup(v);
}

static void
set_timeout(const char *v)
{
	config.c_timeout_s = (int)option_number("timeout", v, 1, 86400);
}

static void
set_gdb(const char *v)
{
	if (v != NULL && strchr(v, '/') == NULL)
		(void)option_number("gdb", v, 1, 65535);
	config.c_gdb = v != NULL ? v : "1234";
}

static void
set_icount(const char *v)
{
	(void)option_number("icount", v, 0, 10);
	config.c_icount = v;
}

static void
set_seed(const char *v)
{
	(void)option_number("seed", v, 0, LONG_MAX);
	config.c_seed = v;
}

static void
set_kshm(const char *v)
{
	config.c_kshm = v;
}

static void
set_serve(const char *v)
{
	config.c_serve = v;
}

static void
set_workers(const char *v)
{
	config.c_workers = (int)option_number("workers", v, 1, 64);
}

static void
set_qemu_arg(const char *v)
{
	config.c_extra = grow_list(config.c_extra, v);
}

static void set_help(const char *v);

static const struct option_row options[] = {
    BOOT_OPTIONS(OPTION_ROW) //
    {0, "tier", "NAME", "microvm, q35, iso, iso-efi or disk (microvm)",
	set_tier},
    {0, "kernel", "FILE", "the kernel (pc64-kernel.elf beside us)", set_kernel},
    {0, "timeout", "SECONDS", "then print a hang report and end with 135",
	set_timeout},
    {0, "gdb", "[PORT]", "wait for gdb on a TCP port (1234) or /SOCKET",
	set_gdb},
    {0, "icount", "SHIFT", "2^SHIFT ns per instruction: repeatable runs",
	set_icount},
    {0, "seed", "N", "seed of the machine's random numbers", set_seed},
    {0, "kshm", "FILE", "keep the RAM in FILE, for ktrdump and kshm", set_kshm},
    {0, "serve", "SOCKET", "run test cases for clients of SOCKET", set_serve},
    {0, "workers", "N", "machines that serve (1)", set_workers},
    {0, "qemu-arg", "ARG", "one more argument for QEMU, may be repeated",
	set_qemu_arg},
};
static const struct option_program program = {"pc64",
    "Boot Mayfly on a PC in QEMU; with CMD run it and exit with its status.\n",
    options, sizeof(options) / sizeof(options[0])};

static void
set_help(const char *v __attribute__((unused)))
{
	option_help(&program);
}

/* pc64-kernel.elf in the directory of this program. */
static char *
default_kernel(void)
{
	char path[PATH_MAX], *kernel, *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	if ((slash = strrchr(path, '/')) == NULL)
		option_fail("cannot find myself: give --kernel FILE");
	*slash = '\0';
	if (asprintf(&kernel, "%s/pc64-kernel.elf", path) < 0)
		option_fail("out of memory");
	if (access(kernel, R_OK) != 0)
		option_fail("%s: %s: build the target pc64-kernel, or give "
			    "--kernel FILE",
		    kernel, strerror(errno));
	return (kernel);
}

int
main(int argc, char **argv)
{
	config.c_command = option_parse(&program, argc, argv);
	if (config.c_command != NULL && config.c_command[0] == NULL)
		option_fail("\"--\" without a program to run");
	if (config.c_tier == NULL)
		config.c_tier = tier_find("microvm");
	if (config.c_initramfs == NULL)
		option_fail(
		    "no root: give --initramfs FILE (ci/boot makes one)");
	if (config.c_kernel == NULL)
		config.c_kernel = default_kernel();
	if (config.c_serve != NULL)
		return (serve_run(&config));
	return (console_run(&config));
}
