/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "#!" scripts: the first line names the interpreter and at most one argument.
 * The image becomes the interpreter's, with
 *	argv = interpreter [argument] script-path old-argv[1..]
 * An interpreter may be a script itself; SCRIPT_DEPTH bounds that.
 */
#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/malloc.h>
#include <sys/proc.h>
#include <sys/vnode.h>
#include "exec_var.h"

#define SCRIPT_DEPTH 5
#define SCRIPT_LINE  256

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

/*
 * Split line (NUL-ended, after "#!") in place.  ENOEXEC if it names nothing.
 */
static int
script_parse(char *line, char **interp, char **arg)
{
	char *end;

	while (is_blank(*line))
		line++;
	if (*line == '\0')
		return (ENOEXEC);
	*interp = line;
	while (*line != '\0' && !is_blank(*line))
		line++;
	*arg = NULL;
	if (*line == '\0')
		return (0);
	*line++ = '\0';
	while (is_blank(*line))
		line++;
	if (*line == '\0')
		return (0);
	*arg = line;
	end = line + strlen(line);
	while (end > line && is_blank(end[-1]))
		*--end = '\0';
	return (0);
}

/* The line into buf.  A line that does not end in the head must at least have
 * a whole interpreter name. */
static int
script_line(const struct image_params *img, char buf[SCRIPT_LINE])
{
	size_t n = MIN(img->img_head_len, (size_t)SCRIPT_LINE);
	const char *nl = memchr(img->img_head, '\n', n);
	size_t len;

	if (nl == NULL && n == SCRIPT_LINE) {
		size_t i = 2;

		while (i < n && is_blank(img->img_head[i]))
			i++;
		while (i < n && !is_blank(img->img_head[i]))
			i++;
		if (i == n)
			return (ENOEXEC);
	}
	len = (nl != NULL ? (size_t)(nl - img->img_head) : n) - 2;
	len = MIN(len, (size_t)SCRIPT_LINE - 1);
	memcpy(buf, img->img_head + 2, len);
	buf[len] = '\0';
	return (0);
}

static int
script_load(struct image_params *img)
{
	const char *words[3];
	char line[SCRIPT_LINE], *interp, *arg;
	struct path *pt;
	int error, fdflags = 0, n = 0;

	if (img->img_head_len < 3 || img->img_head[0] != '#' ||
	    img->img_head[1] != '!')
		return (ENOEXEC);
	if (++img->img_depth > SCRIPT_DEPTH)
		return (ELOOP);
	if ((error = script_line(img, line)) != 0 ||
	    (error = script_parse(line, &interp, &arg)) != 0)
		return (error);
	words[n++] = interp;
	if (arg != NULL)
		words[n++] = arg;
	words[n++] = img->img_depth > 1 ? img->img_interp : img->img_path;
	/* The interpreter would not find a descriptor that is closed then. */
	if (img->img_path != img->img_lookup && img->img_depth == 1 &&
	    (fd_flags_get(img->img_dirfd, &fdflags) != 0 ||
		(fdflags & FDF_CLOEXEC) != 0))
		return (ENOENT);
	if ((error = exec_replace_argv0(img, words, n)) != 0)
		return (error);
	if ((error = exec_open(AT_FDCWD, interp, 0, &pt)) != 0)
		return (error);
	exec_close(img->img_file);
	img->img_file = pt;
	img->img_vnode = pt->pt_vnode;
	strlcpy(img->img_interp, interp, sizeof(img->img_interp));
	if ((error = exec_read_head(img)) != 0)
		return (error);
	return (EX_AGAIN);
}

struct exec_loader exec_script_loader = {
    .el_name = "script",
    .el_load = script_load,
};
