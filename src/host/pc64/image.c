/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRUB's media.  An image lies beside the kernel, named after it and the archive;
 * mkimage makes it anew when one of its parts is newer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <option.h>
#include "pc64_var.h"

static bool
newer(const struct stat *than, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (true);
	return (st.st_mtim.tv_sec != than->st_mtim.tv_sec
		? st.st_mtim.tv_sec > than->st_mtim.tv_sec
		: st.st_mtim.tv_nsec > than->st_mtim.tv_nsec);
}

/* Run the script; its words go to our standard error. */
static void
make(const struct config *c, const char *image)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(2, 1);
		execl(MKIMAGE, MKIMAGE, c->c_tier->t_image, image, c->c_kernel,
		    c->c_initramfs, NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		option_fail(
		    "cannot make %s: %s failed, see above", image, MKIMAGE);
}

char *
image_get(const struct config *c)
{
	const char *base = strrchr(c->c_initramfs, '/');
	const char *dot = strrchr(c->c_kernel, '.');
	char *image;
	struct stat st;

	base = base != NULL ? base + 1 : c->c_initramfs;
	if (asprintf(&image, "%.*s-%.*s.%s",
		dot != NULL ? (int)(dot - c->c_kernel)
			    : (int)strlen(c->c_kernel),
		c->c_kernel, (int)strcspn(base, "."), base,
		c->c_tier->t_image) < 0)
		option_fail("out of memory");
	if (stat(image, &st) != 0 || newer(&st, c->c_kernel) ||
	    newer(&st, c->c_initramfs) || newer(&st, MKIMAGE) ||
	    newer(&st, GRUB_CFG))
		make(c, image);
	return (image);
}
