/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export: what the page shows, as a file: rows (export_rows.c), folded stacks of
 * the flame graph, or the segment itself.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "export.h"
#include "flame.h"

static int
export_folded(struct request *rq)
{
	struct store *st = rq->rq_store;
	struct buf *b = &rq->rq_out;
	struct flame f;
	struct window w;
	int status;

	rq->rq_type = "text/plain; charset=utf-8";
	rq->rq_file = "trace.folded";
	if ((status = window_words(rq, &w)) != 0)
		return (status);
	if (!flame_make(st, &w, &f))
		status = refuse(rq, 503, "no memory");
	for (size_t i = 0; status == 0 && i < f.fl_n; i++) {
		const struct branch *br = &f.fl_sorted[i];
		const struct thread_info *ti = thread_at(st, br->thread);
		const char *call;

		if (br->call < 0 || br->lock >= 0)
			continue;
		for (const char *p = ti->ti_name; *p != '\0'; p++)
			buf_printf(b, "%c", *p == ';' || *p == ' ' ? '_' : *p);
		call = call_name(*ti->ti_abi != '\0' ? ti->ti_abi : "linux64",
		    (uint32_t)br->call);
		if (call != NULL)
			buf_printf(b, ";%s %lu\n", call, br->wall_ns);
		else
			buf_printf(b, ";call_%d %lu\n", br->call, br->wall_ns);
	}
	flame_free(&f);
	return (status);
}

/* Into a folder of our own: a name in a shared one could be a link already. */
static int
export_segment(struct request *rq)
{
	struct kshm *k = rq->rq_store->st_kshm;
	const char *dir = getenv("TMPDIR");
	char folder[512], path[560];
	struct stat sb;
	int fd = -1;

	rq->rq_type = "application/octet-stream";
	rq->rq_file = "trace.kshm";
	if (kshm_header(k)->kh_bytes > 128UL << 20)
		return (refuse(rq, 400,
		    "the segment is larger than 128 MiB: use kshm save"));
	snprintf(folder, sizeof(folder), "%s/traced.XXXXXX",
	    dir != NULL && *dir != '\0' ? dir : "/tmp");
	if (mkdtemp(folder) == NULL)
		return (refuse(rq, 500, "no folder for the copy"));
	snprintf(path, sizeof(path), "%s/segment", folder);
	if (kshm_save(k, path) == 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	rmdir(folder);
	if (fd < 0 || fstat(fd, &sb) != 0)
		return (refuse(rq, 500, "the copy could not be made"));
	rq->rq_response =
	    MHD_create_response_from_fd64((uint64_t)sb.st_size, fd);
	if (rq->rq_response != NULL)
		return (0);
	close(fd);
	return (refuse(rq, 503, "no memory"));
}

int
api_export(struct request *rq)
{
	const char *format = word(rq, "format");

	if (format != NULL && strcmp(format, "folded") == 0)
		return (export_folded(rq));
	if (format != NULL && strcmp(format, "segment") == 0)
		return (export_segment(rq));
	return (export_rows(rq, format != NULL ? format : ""));
}
