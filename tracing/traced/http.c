/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP, for one user on this machine.
 *
 * The server listens on 127.0.0.1 alone.  Each path begins with a token that
 * was drawn at the start and that only who started us was told; it is compared
 * without telling by time how much of it was right.  The name in Host must be
 * this machine's, so a page elsewhere whose name was made to point here gets
 * nothing, not even with the token.  Only GET and HEAD: nothing can be changed.
 *
 *	/TOKEN/			the page, from a folder; its names have no '/'
 *	/TOKEN/api/NAME?...	an answer of apis[]
 *	/TOKEN/live		the stream of the live mode
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "traced.h"

#define CONNECTIONS 64

static const char policy[] =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' "
    "data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

static enum MHD_Result
answer(struct MHD_Connection *c, int status, const char *type,
    struct MHD_Response *r)
{
	enum MHD_Result res;

	if (r == NULL)
		return (MHD_NO);
	MHD_add_response_header(r, "Content-Type", type);
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(
	    r, "Cross-Origin-Resource-Policy", "same-origin");
	MHD_add_response_header(r, "Content-Security-Policy", policy);
	res = MHD_queue_response(c, (unsigned)status, r);
	MHD_destroy_response(r);
	return (res);
}

static enum MHD_Result
answer_text(struct MHD_Connection *c, int status, const char *text)
{
	char line[256];

	snprintf(line, sizeof(line), "%s\n", text);
	return (answer(c, status, "text/plain; charset=utf-8",
	    MHD_create_response_from_buffer(
		strlen(line), line, MHD_RESPMEM_MUST_COPY)));
}

/* --- who asks --------------------------------------------------------------------- */

static bool
host_is_ours(const struct traced *td, struct MHD_Connection *c)
{
	static const char *const names[] = {"127.0.0.1", "localhost"};
	const char *host =
	    MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
	char want[64];

	for (size_t i = 0; host != NULL && i < 2; i++) {
		snprintf(want, sizeof(want), "%s:%u", names[i], td->td_port);
		if (strcmp(host, want) == 0)
			return (true);
	}
	return (false);
}

/* Behind "/TOKEN", or NULL. */
static const char *
behind_token(const struct traced *td, const char *url)
{
	unsigned wrong = 0;

	if (url[0] != '/' || strnlen(url + 1, TOKEN_BYTES) < TOKEN_BYTES)
		return (NULL);
	for (int i = 0; i < TOKEN_BYTES; i++)
		wrong |= (unsigned char)(url[1 + i] ^ td->td_token[i]);
	return (wrong == 0 ? url + 1 + TOKEN_BYTES : NULL);
}

/* --- the page's files --------------------------------------------------------------- */

static const char *
type_of(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {{".html", "text/html; charset=utf-8"},
	    {".js", "text/javascript; charset=utf-8"},
	    {".css", "text/css; charset=utf-8"}, {".svg", "image/svg+xml"}};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]);
	     i++)
		if (strcmp(dot, types[i].end) == 0)
			return (types[i].type);
	return (NULL);
}

static enum MHD_Result
page_file(struct traced *td, struct MHD_Connection *c, const char *name)
{
	const char *type = type_of(name);
	char path[4096];
	struct stat sb;
	int fd;

	if (type == NULL || strchr(name, '/') != NULL || name[0] == '.')
		return (answer_text(c, 404, "there is no such page"));
	snprintf(path, sizeof(path), "%s/%s", td->td_page, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 ||
	    fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode)) {
		if (fd >= 0)
			close(fd);
		return (answer_text(c, 404,
		    strcmp(name, "index.html") == 0
			? "the page was not built: see tracing/dashboard"
			: "there is no such page"));
	}
	return (answer(c, 200, type,
	    MHD_create_response_from_fd64((uint64_t)sb.st_size, fd)));
}

/* --- answers --------------------------------------------------------------------------- */

static enum MHD_Result
run_api(struct traced *td, struct MHD_Connection *c, const struct api *api)
{
	struct request rq = {
	    .rq_traced = td, .rq_connection = c, .rq_type = "application/json"};
	struct MHD_Response *r;
	char file[128];
	int status;

	pthread_mutex_lock(&td->td_lock);
	rq.rq_store = td->td_store;
	status = api->func(&rq);
	pthread_mutex_unlock(&td->td_lock);
	if (status == 0 && rq.rq_out.b_failed)
		status = refuse(&rq, 503, "no memory for the answer");
	if (status != 0) {
		buf_free(&rq.rq_out);
		return (answer_text(c, status, rq.rq_error));
	}
	if ((r = rq.rq_response) == NULL)
		r = MHD_create_response_from_buffer(
		    rq.rq_out.b_used, rq.rq_out.b_data, MHD_RESPMEM_MUST_FREE);
	if (r == NULL)
		buf_free(&rq.rq_out);
	else if (rq.rq_file != NULL) {
		snprintf(file, sizeof(file), "attachment; filename=\"%s\"",
		    rq.rq_file);
		MHD_add_response_header(r, "Content-Disposition", file);
	}
	return (answer(c, 200, rq.rq_type, r));
}

static enum MHD_Result
handle(void *arg, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_bytes, void **state)
{
	struct traced *td = arg;
	const char *rest;

	(void)version;
	(void)upload;
	(void)state;
	if (!host_is_ours(td, c))
		return (answer_text(c, 403, "this is not the name of here"));
	if ((rest = behind_token(td, url)) == NULL || *rest != '/')
		return (answer_text(c, 403, "the token is missing or wrong"));
	if ((strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) ||
	    *upload_bytes != 0)
		return (answer_text(c, 405, "only GET"));
	rest++;
	if (strcmp(rest, "live") == 0)
		return (
		    answer(c, 200, "text/event-stream", live_response(td, c)));
	if (strncmp(rest, "api/", 4) == 0) {
		for (const struct api *a = apis; a->name != NULL; a++)
			if (strcmp(rest + 4, a->name) == 0)
				return (run_api(td, c, a));
		return (answer_text(c, 404, "there is no such question"));
	}
	return (page_file(td, c, *rest == '\0' ? "index.html" : rest));
}

bool
http_start(struct traced *td, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const union MHD_DaemonInfo *info;

	errno = 0;
	td->td_daemon = MHD_start_daemon(MHD_USE_AUTO |
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME,
	    port, NULL, NULL, handle, td, MHD_OPTION_SOCK_ADDR, &sin,
	    MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
	    MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_END);
	if (td->td_daemon == NULL)
		return (false);
	info = MHD_get_daemon_info(td->td_daemon, MHD_DAEMON_INFO_BIND_PORT);
	td->td_port = info != NULL ? info->port : port;
	return (true);
}

void
http_stop(struct traced *td)
{
	pthread_mutex_lock(&td->td_lock);
	td->td_live = false;
	live_wake(td);
	pthread_mutex_unlock(&td->td_lock);
	MHD_stop_daemon(td->td_daemon);
}
