/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traced: the dashboard's server.  It attaches to a running kernel or a saved
 * segment, keeps an index of its events (store.h) and answers the page.
 *
 * Two threads: this one reads the rings and fills the store, libmicrohttpd's
 * answers requests.  td_lock makes one of them wait; reading the rings needs no
 * lock, and when a request takes long, what was read waits in the rings' rooms.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "traced.h"

#define KEEP_DEFAULT 12000000
#define TELL_NS	     250000000 /* between two lines of the live stream */
#define NAMES_NS     1000000000

static const char usage_text[] =
    "usage: traced [options] WHERE\n"
    "Serve the dashboard of the kernel WHERE: a process, the kshm.name of a\n"
    "kernel, or a file; see traced(1).\n"
    "\n"
    "  -f, --follow      WHERE is a file that a running kernel writes\n"
    "  -p, --port N      listen on this port (any free one)\n"
    "  -k, --keep N      events to keep of a running kernel (12000000)\n"
    "      --page DIR    the page's files (dashboard, beside this program)\n"
    "      --check       read all, print what it is, and end\n"
    "      --help        this\n";

static volatile sig_atomic_t interrupted;

static void __attribute__((noreturn, format(printf, 2, 3)))
die(int status, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "traced: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec * 1000000000L + ts.tv_nsec);
}

static void
on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* Letters and digits that nobody can guess. */
static void
draw_token(char token[TOKEN_BYTES + 1])
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	unsigned char bytes[TOKEN_BYTES];
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, bytes, sizeof(bytes)) != sizeof(bytes))
		die(1, "no random numbers: %s", strerror(errno));
	close(fd);
	for (int i = 0; i < TOKEN_BYTES; i++)
		token[i] = letters[bytes[i] & 63];
	token[TOKEN_BYTES] = '\0';
}

/* dashboard, beside this program. */
static const char *
page_folder(void)
{
	static char path[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n <= 0)
		return ("dashboard");
	path[n] = '\0';
	dirname(path);
	strcat(path, "/dashboard");
	return (path);
}

static bool
has_ended(struct kshm *k)
{
	uint32_t state =
	    __atomic_load_n(&kshm_header(k)->kh_state, __ATOMIC_ACQUIRE);

	return (state == KSHM_STOPPED || state == KSHM_PANICKED);
}

/* Until the kernel ends, or somebody ends us. */
static void
follow(struct traced *td)
{
	struct store *st = td->td_store;
	int64_t told = now_ns(), named = 0, now;
	uint64_t rows = 0;
	bool end = false;

	while (interrupted == 0 && !end) {
		struct timespec ts = {0, source_pause_ns(st->st_source)};

		nanosleep(&ts, NULL);
		end = has_ended(td->td_kshm) || kshm_gone(td->td_kshm);
		do {
			source_read(st->st_source, end);
			/* While a question takes long the rings are read on. */
			if (pthread_mutex_trylock(&td->td_lock) != 0) {
				if (!end && source_has_room(st->st_source))
					break;
				pthread_mutex_lock(&td->td_lock);
			}
			now = now_ns();
			if (st->st_names_wanted || now - named > NAMES_NS) {
				names_refresh(st);
				named = now;
			}
			/* At the end until nothing comes any more. */
			if (source_merge(st->st_source, end) == 0 && end)
				td->td_live = false;
			if (now - told > TELL_NS || !td->td_live) {
				td->td_rate = (double)(st->st_rows - rows) *
				    1e9 / (double)(now - told + 1);
				rows = st->st_rows;
				told = now;
				live_wake(td);
			}
			pthread_mutex_unlock(&td->td_lock);
		} while (end && td->td_live);
	}
	pthread_mutex_lock(&td->td_lock);
	td->td_live = false;
	td->td_ended = true;
	index_end(st);
	live_wake(td);
	pthread_mutex_unlock(&td->td_lock);
}

static uint64_t
number(const char *name, const char *v, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(v, &end, 10);
	if (*v < '0' || *v > '9' || *end != '\0' || errno != 0 || n < min ||
	    n > max)
		die(2, "--%s: \"%s\" is not a number from %lu to %lu", name, v,
		    min, max);
	return (n);
}

enum {
	OPT_PAGE = 256,
	OPT_CHECK,
	OPT_HELP
};
static const struct option long_options[] = {{"follow", 0, NULL, 'f'},
    {"port", 1, NULL, 'p'}, {"keep", 1, NULL, 'k'}, {"page", 1, NULL, OPT_PAGE},
    {"check", 0, NULL, OPT_CHECK}, {"help", 0, NULL, OPT_HELP},
    {NULL, 0, NULL, 0}};

static struct {
	bool follow, check;
	uint16_t port;
	uint64_t keep;
	const char *page;
} opt = {.keep = KEEP_DEFAULT};

static void
options(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "fp:k:", long_options, NULL)) != -1)
		switch (c) {
		case 'f':
			opt.follow = true;
			break;
		case 'p':
			opt.port = (uint16_t)number("port", optarg, 1, 65535);
			break;
		case 'k':
			opt.keep = number("keep", optarg, 100000, 1UL << 32);
			break;
		case OPT_PAGE:
			opt.page = optarg;
			break;
		case OPT_CHECK:
			opt.check = true;
			break;
		case OPT_HELP:
			fputs(usage_text, stdout);
			exit(0);
		default:
			fputs("see traced --help\n", stderr);
			exit(2);
		}
	if (optind + 1 != argc) {
		fputs(
		    "traced: one WHERE is needed; see traced --help\n", stderr);
		exit(2);
	}
}

static void
check(const struct store *st)
{
	printf("events %lu\nlost %lu\noverwritten %lu\nthreads %lu\ncpus %u\n"
	       "ns %lu\ncalls %lu\n",
	    st->st_rows, st->st_lost, st->st_overwritten, st->st_threads.v_n,
	    st->st_ncpus, trace_end(st), st->st_calls.ss_vec.v_n);
}

static void
serve(struct traced *td)
{
	draw_token(td->td_token);
	if (!http_start(td, opt.port))
		die(1, "cannot listen: %s",
		    errno != 0 ? strerror(errno) : "libmicrohttpd refuses");
	printf("http://127.0.0.1:%u/%s/\n", td->td_port, td->td_token);
	fflush(stdout);
	if (td->td_live)
		follow(td);
	while (interrupted == 0)
		sleep(1);
	http_stop(td);
}

/* A kernel that runs in another process, or writes a file, is followed. */
static bool
is_live(const struct kshm_header *kh, struct kshm *k)
{
	return (
	    (kh->kh_state == KSHM_BOOTING || kh->kh_state == KSHM_RUNNING) &&
	    (opt.follow || kshm_pid(k) != 0));
}

int
main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	struct traced td = {0};

	options(argc, argv);
	td.td_where = argv[optind];
	td.td_page = opt.page != NULL ? opt.page : page_folder();
	pthread_mutex_init(&td.td_lock, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	kshm_end_if_cut("traced");
	if (kshm_attach(td.td_where, &td.td_kshm) != 0)
		die(2, "%s", kshm_error());
	td.td_live = is_live(kshm_header(td.td_kshm), td.td_kshm) && !opt.check;
	td.td_store = store_new(td.td_kshm, opt.keep);
	if (td.td_store == NULL || source_new(td.td_store, td.td_live) == NULL)
		die(1, "out of memory");
	if (!td.td_live)
		source_load(td.td_store->st_source);
	if (opt.check)
		check(td.td_store);
	else
		serve(&td);
	source_free(td.td_store->st_source);
	store_free(td.td_store);
	kshm_detach(td.td_kshm);
	return (0);
}
