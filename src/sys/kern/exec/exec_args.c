/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The strings of a new program: argv, then envp, NUL-separated in one buffer
 * that grows as they come.  ARG_MAX bounds the bytes with the pointers to them.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include "exec_var.h"

#define CHUNK 4096

static MALLOC_DEFINE(M_EXECARGS, "execargs", "argument strings of exec");

/* Where strings are being gathered. */
struct gather {
	char *g_buf;
	size_t g_len, g_size;
	size_t g_pointers; /* bytes of the vectors */
};

static int
gather_room(struct gather *g, size_t more)
{
	size_t size = g->g_size == 0 ? CHUNK : g->g_size;
	char *n;

	if (g->g_len + more + g->g_pointers > ARG_MAX)
		return (E2BIG);
	while (size < g->g_len + more)
		size *= 2;
	if (size == g->g_size)
		return (0);
	n = krealloc(g->g_buf, size, M_EXECARGS, M_WAITOK);
	if (n == NULL)
		return (ENOMEM);
	g->g_buf = n;
	g->g_size = size;
	return (0);
}

static int
gather_kernel(struct gather *g, const char *s)
{
	size_t n = strlen(s) + 1;
	int error = gather_room(g, n);

	if (error != 0)
		return (error);
	memcpy(g->g_buf + g->g_len, s, n);
	g->g_len += n;
	return (0);
}

/* One user string, in pieces of what room there is. */
static int
gather_user(struct gather *g, uaddr_t u)
{
	size_t got;
	int error;

	for (;;) {
		if (g->g_size - g->g_len < 256 &&
		    (error = gather_room(g, CHUNK)) != 0)
			return (error);
		error = copyinstr(
		    u, g->g_buf + g->g_len, g->g_size - g->g_len, &got);
		if (error == 0) {
			g->g_len += got;
			return (gather_room(g, 0));
		}
		if (error != ENAMETOOLONG)
			return (error);
		got = g->g_size - g->g_len;
		g->g_len += got;
		u += got;
		if ((error = gather_room(g, CHUNK)) != 0)
			return (error);
	}
}

/* A NULL-ended vector of user pointers; vec 0 is an empty one. */
static int
gather_vector(struct gather *g, uaddr_t vec, int *np)
{
	uint64_t p;
	int error;

	*np = 0;
	for (; vec != 0; vec += sizeof(p)) {
		if ((error = copyin(vec, &p, sizeof(p))) != 0)
			return (error);
		if (p == 0)
			break;
		g->g_pointers += sizeof(p);
		if ((error = gather_user(g, p)) != 0)
			return (error);
		(*np)++;
	}
	return (0);
}

int
exec_copyin_args(struct image_params *img, uaddr_t argv, uaddr_t envp)
{
	struct gather g = {NULL, 0, 0, 0};
	int error;

	error = gather_vector(&g, argv, &img->img_argc);
	img->img_args_len = g.g_len;
	if (error == 0)
		error = gather_vector(&g, envp, &img->img_envc);
	img->img_env_len = g.g_len - img->img_args_len;
	if (error == 0 && img->img_argc == 0) {
		/* Programs rely on argv[0]: give them an empty one. */
		img->img_strings = g.g_buf;
		return (exec_replace_argv0(img, (const char *const[]){""}, 1));
	}
	img->img_strings = g.g_buf;
	return (error);
}

int
exec_kernel_args(struct image_params *img, const char *const *argv, int argc,
    const char *const *envp, int envc)
{
	struct gather g = {NULL, 0, 0, 0};
	int error = 0;

	for (int i = 0; i < argc && error == 0; i++)
		error = gather_kernel(&g, argv[i]);
	img->img_args_len = g.g_len;
	for (int i = 0; i < envc && error == 0; i++)
		error = gather_kernel(&g, envp[i]);
	img->img_env_len = g.g_len - img->img_args_len;
	img->img_strings = g.g_buf;
	img->img_argc = argc;
	img->img_envc = envc;
	return (error);
}

int
exec_replace_argv0(struct image_params *img, const char *const *words, int n)
{
	struct gather g = {NULL, 0, 0, 0};
	size_t skip = img->img_argc > 0 ? strlen(img->img_strings) + 1 : 0;
	size_t total = img->img_args_len + img->img_env_len;
	int error = 0;

	g.g_pointers = (size_t)(img->img_argc + img->img_envc + n) * 8;
	for (int i = 0; i < n && error == 0; i++)
		error = gather_kernel(&g, words[i]);
	img->img_args_len = g.g_len + img->img_args_len - skip;
	if (error == 0)
		error = gather_room(&g, total - skip);
	if (error != 0) {
		kfree(g.g_buf, M_EXECARGS);
		return (error);
	}
	if (total > skip)
		memcpy(
		    g.g_buf + g.g_len, img->img_strings + skip, total - skip);
	kfree(img->img_strings, M_EXECARGS);
	img->img_strings = g.g_buf;
	img->img_argc += n - (img->img_argc > 0 ? 1 : 0);
	return (0);
}

void
exec_free_args(struct image_params *img)
{
	kfree(img->img_strings, M_EXECARGS);
	img->img_strings = NULL;
}
