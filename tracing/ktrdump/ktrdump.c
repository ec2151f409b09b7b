/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ktrdump: the events of a running, panicked or saved kernel, merged by time.
 *
 * Records go from the merged rings through the choice (events, CPU, expression)
 * into one sink: text, an export format, latencies, or a Lua script.  What was
 * lost is always told at the end.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ktrdump.h"

#define HOLD_NS	   2000000 /* how long a live record waits for older ones */
#define EVENTS_MAX 4096

static const char usage_text[] =
    "usage: ktrdump [options] WHERE\n"
    "Show the trace events of the kernel WHERE: a process, the kshm.name of a\n"
    "kernel, or a file; see ktrdump(1).\n"
    "\n"
    "  -f, --follow            go on until the kernel ends\n"
    "  -n, --count N           end after N events\n"
    "  -t, --last N            only the newest N\n"
    "  -e, --events LIST       only these: GROUP, GROUP.name, name, with "
    "commas\n"
    "  -c, --cpu N             only this CPU's\n"
    "  -w, --where EXPR        only events with such fields (Lua expression)\n"
    "  -o, --output FORMAT     text, json (Chrome, Perfetto), ctf, folded\n"
    "  -O, --to PATH           write there; ctf: a folder\n"
    "  -l, --latency B,E[:F]   times from event B to event E with equal field "
    "F\n"
    "                          (default: the same thread)\n"
    "  -s, --script FILE       run a Lua script over the events\n"
    "      --list              the events that the kernel has\n"
    "      --compile EVENT     print -w EXPR as a filter for kern.ktr.filter\n"
    "      --save FILE         save the segment\n"
    "      --help              this\n";

static volatile sig_atomic_t interrupted;
static struct {
	bool follow;
	uint64_t count, last;
	const char *events, *where, *to, *compile, *save;
	long cpu;
	bool list;
	const struct sink *sink;
} opt = {.count = UINT64_MAX, .cpu = -1, .sink = &sink_text};

/* By event id: is it chosen, and its compiled expression. */
static struct choice {
	bool known, chosen;
	uint32_t count;
	struct kshm_filter_insn code[KSHM_FILTER_MAX];
} * choices[EVENTS_MAX];

void
die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "ktrdump: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

FILE *
open_output(const char *path)
{
	FILE *f;

	if (path == NULL)
		return (stdout);
	if ((f = fopen(path, "we")) == NULL)
		die("%s: %s", path, strerror(errno));
	return (f);
}

int64_t
record_ns(struct kshm *k, const struct kshm_record *kr)
{
	int64_t ns = kshm_time_ns(k, kr->kr_time);

	return (ns != -1 ? ns : (int64_t)kr->kr_time);
}

bool
event_named(
    struct kshm *k, const struct kshm_event *ke, const char *what, size_t n)
{
	const char *group = kshm_text(k, ke->ke_group_name);
	const char *name = kshm_text(k, ke->ke_name);
	char full[128];

	snprintf(full, sizeof(full), "%s.%s", group, name);
	return ((n == 1 && *what == '*') ||
	    (strlen(group) == n && strncmp(what, group, n) == 0) ||
	    (strlen(name) == n && strncmp(what, name, n) == 0) ||
	    (strlen(full) == n && strncmp(what, full, n) == 0));
}

bool
field_value(struct kshm *k, const struct kshm_record *kr, const char *name,
    uint64_t *vp)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	struct kshm_field fields[KSHM_EVENT_ARGS];
	size_t n = ke != NULL ? kshm_event_fields(k, ke, fields) : 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0) {
			*vp = kr->kr_args[i];
			return (true);
		}
	return (false);
}

/* What a table of threads, known only by its types, says of thread id. */
struct search {
	uint64_t id;
	bool hit;
	char name[64];
};

static int
search_leaf(const struct kshm_leaf *l, void *arg)
{
	struct search *s = arg;

	if (strcmp(l->path, "ts_id") == 0)
		s->hit = l->value == s->id;
	else if (s->hit && strcmp(l->path, "ts_name") == 0 &&
	    l->kind == KSHM_CHARS)
		snprintf(
		    s->name, sizeof(s->name), "%.*s", (int)l->size, l->text);
	return (0);
}

const char *
thread_name(struct kshm *k, uint32_t id)
{
	static struct search s;
	const struct kshm_object *ko = kshm_find(k, "lwkt.threads");
	uint32_t type = ko != NULL ? kshm_type_id(k, ko->ko_type) : 0;
	uint8_t buf[256];
	bool known = type != 0 && ko->ko_size <= sizeof(buf) &&
	    kshm_type_size(k, type) == ko->ko_size;
	int error;

	s = (struct search){.id = id};
	for (uint32_t i = 0; known && i < ko->ko_count; i++) {
		if ((error = kshm_read(k, ko, i, buf)) == EINVAL)
			break; /* the table is shorter than it says */
		if (error == 0)
			(void)kshm_walk(k, type, buf, search_leaf, &s);
		if (s.name[0] != '\0')
			return (s.name);
		s.hit = false;
	}
	snprintf(s.name, sizeof(s.name), "thread %u", id);
	return (s.name);
}

/* --- choosing ------------------------------------------------------------------- */

static bool
in_list(struct kshm *k, const struct kshm_event *ke, const char *list)
{
	const char *end;

	for (; *list != '\0'; list = *end == ',' ? end + 1 : end) {
		end = list + strcspn(list, ",");
		if (event_named(k, ke, list, (size_t)(end - list)))
			return (true);
	}
	return (false);
}

static struct choice *
choice_of(struct kshm *k, uint32_t id)
{
	const struct kshm_event *ke = kshm_event(k, id);
	struct choice *c;

	if (ke == NULL || id >= EVENTS_MAX)
		return (NULL);
	if ((c = choices[id]) != NULL)
		return (c);
	if ((c = choices[id] = calloc(1, sizeof(*c))) == NULL)
		die("out of memory");
	c->chosen = opt.events == NULL || in_list(k, ke, opt.events);
	/* An event without such a field is not meant. */
	if (c->chosen && opt.where != NULL &&
	    kshm_filter_compile(k, ke, opt.where, c->code, &c->count) != 0)
		c->chosen = false;
	return (c);
}

static bool
chosen(struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	struct choice *c = choice_of(k, kr->kr_id);

	return (c != NULL && c->chosen &&
	    (opt.cpu < 0 || (uint32_t)opt.cpu == cpu) &&
	    (c->count == 0 || kshm_filter_run(c->code, c->count, kr, cpu)));
}

/* A name or an expression that fits no event at all is a mistake. */
static void
check_choice(struct kshm *k)
{
	size_t n = 0;

	for (uint32_t id = 1; id <= kshm_events(k); id++)
		if (choice_of(k, id) != NULL && choice_of(k, id)->chosen)
			n++;
	if (n == 0)
		die("no event is chosen: %s",
		    opt.where != NULL ? kshm_error() : "see --list");
}

/* --- text ------------------------------------------------------------------------- */

static FILE *text_out;

static void
text_open(struct kshm *k, const char *path)
{
	(void)k;
	text_out = open_output(path);
}

static void
text_record(struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	int64_t ns = kshm_time_ns(k, kr->kr_time);
	char fields[600], when[40];

	if (ns == -1)
		snprintf(when, sizeof(when), "%lu", kr->kr_time);
	else
		snprintf(when, sizeof(when), "%s%ld.%09ld", ns < 0 ? "-" : "",
		    labs(ns) / 1000000000, labs(ns) % 1000000000);
	kshm_event_format(k, kr, fields, sizeof(fields));
	fprintf(text_out, "%16s %u %5u %s.%s %s\n", when, cpu, kr->kr_thread,
	    kshm_text(k, ke->ke_group_name), kshm_text(k, ke->ke_name), fields);
}

static void
text_close(struct kshm *k, uint64_t seen, uint64_t lost)
{
	(void)k;
	if (fflush(text_out) != 0)
		die("writing: %s", strerror(errno));
	fprintf(stderr, "ktrdump: %lu events seen, %lu lost\n", seen, lost);
}

const struct sink sink_text = {"text", text_open, text_record, text_close};

/* --- main loop ---------------------------------------------------------------------- */

static bool
has_ended(struct kshm *k)
{
	uint32_t state =
	    __atomic_load_n(&kshm_header(k)->kh_state, __ATOMIC_ACQUIRE);

	return (state == KSHM_STOPPED || state == KSHM_PANICKED);
}

/* The newest opt.last of those that are chosen. */
static void
run_last(struct kshm *k, struct kshm_merge *km)
{
	struct {
		struct kshm_record kr;
		uint32_t cpu;
	} *keep = calloc(opt.last, sizeof(*keep));
	uint64_t n = 0;

	if (keep == NULL)
		die("out of memory");
	while (kshm_merge_next(
	    km, &keep[n % opt.last].kr, &keep[n % opt.last].cpu, 0, true))
		if (chosen(k, &keep[n % opt.last].kr, keep[n % opt.last].cpu))
			n++;
	for (uint64_t i = n > opt.last ? n - opt.last : 0; i < n; i++)
		opt.sink->s_record(
		    k, &keep[i % opt.last].kr, keep[i % opt.last].cpu);
	free(keep);
}

static void
run_all(struct kshm *k, struct kshm_merge *km)
{
	struct timespec pause = {0, 5000000};
	struct kshm_record kr;
	uint64_t n = 0;
	uint32_t cpu;
	bool end = !opt.follow;

	while (n < opt.count && interrupted == 0) {
		if (kshm_merge_next(km, &kr, &cpu, end ? 0 : HOLD_NS, end)) {
			if (!chosen(k, &kr, cpu))
				continue;
			opt.sink->s_record(k, &kr, cpu);
			n++;
		} else if (end) {
			break;
		} else {
			fflush(stdout);
			end = has_ended(k) || kshm_gone(k);
			nanosleep(&pause, NULL);
		}
	}
}

static void
list_events(struct kshm *k)
{
	for (uint32_t id = 1; id <= kshm_events(k); id++) {
		const struct kshm_event *ke = kshm_event(k, id);

		printf("%-8s %-16s %-44s %s:%u\n",
		    kshm_text(k, ke->ke_group_name), kshm_text(k, ke->ke_name),
		    kshm_text(k, ke->ke_format), kshm_text(k, ke->ke_file),
		    ke->ke_line);
	}
}

static void
compile(struct kshm *k)
{
	struct kshm_filter_insn code[KSHM_FILTER_MAX];
	uint32_t count = 0;
	char text[2048];

	for (uint32_t id = 1; id <= kshm_events(k); id++) {
		const struct kshm_event *ke = kshm_event(k, id);

		if (!event_named(k, ke, opt.compile, strlen(opt.compile)))
			continue;
		if (opt.where == NULL)
			die("--compile needs --where");
		if (kshm_filter_compile(k, ke, opt.where, code, &count) != 0)
			die("%s", kshm_error());
		kshm_filter_text(k, ke, code, count, text, sizeof(text));
		printf("%s\n", text);
		return;
	}
	die("no event \"%s\"; see --list", opt.compile);
}

static void
on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static uint64_t
number(const char *name, const char *v)
{
	char *end;
	uint64_t n = strtoull(v, &end, 10);

	if (*v < '0' || *v > '9' || *end != '\0')
		die("--%s: \"%s\" is not a number", name, v);
	return (n);
}

static void
set_output(const char *v)
{
	static const struct sink *const sinks[] = {
	    &sink_text, &sink_json, &sink_ctf, &sink_folded};

	for (size_t i = 0; i < sizeof(sinks) / sizeof(sinks[0]); i++)
		if (strcmp(sinks[i]->s_name, v) == 0) {
			opt.sink = sinks[i];
			return;
		}
	die("--output: \"%s\" is not text, json, ctf or folded", v);
}

enum {
	OPT_LIST = 256,
	OPT_COMPILE,
	OPT_SAVE,
	OPT_HELP
};
static const struct option long_options[] = {{"follow", 0, NULL, 'f'},
    {"count", 1, NULL, 'n'}, {"last", 1, NULL, 't'}, {"events", 1, NULL, 'e'},
    {"cpu", 1, NULL, 'c'}, {"where", 1, NULL, 'w'}, {"output", 1, NULL, 'o'},
    {"to", 1, NULL, 'O'}, {"latency", 1, NULL, 'l'}, {"script", 1, NULL, 's'},
    {"list", 0, NULL, OPT_LIST}, {"compile", 1, NULL, OPT_COMPILE},
    {"save", 1, NULL, OPT_SAVE}, {"help", 0, NULL, OPT_HELP},
    {NULL, 0, NULL, 0}};

static void
set_option(int c)
{
	switch (c) {
	case 'f':
		opt.follow = true;
		break;
	case 'n':
		opt.count = number("count", optarg);
		break;
	case 't':
		if ((opt.last = number("last", optarg)) > 1 << 24)
			die("--last: at most %d", 1 << 24);
		break;
	case 'e':
		opt.events = optarg;
		break;
	case 'c':
		opt.cpu = (long)number("cpu", optarg);
		break;
	case 'w':
		opt.where = optarg;
		break;
	case 'o':
		set_output(optarg);
		break;
	case 'O':
		opt.to = optarg;
		break;
	case 'l':
		latency_pair(optarg);
		opt.sink = &sink_latency;
		break;
	case 's':
		lua_script(optarg);
		opt.sink = &sink_lua;
		break;
	case OPT_LIST:
		opt.list = true;
		break;
	case OPT_COMPILE:
		opt.compile = optarg;
		break;
	case OPT_SAVE:
		opt.save = optarg;
		break;
	case OPT_HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		fputs("see ktrdump --help\n", stderr);
		exit(2);
	}
}

static void
dump(struct kshm *k)
{
	struct kshm_merge *km;
	uint64_t seen, lost;

	check_choice(k);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if ((km = kshm_merge_new(k, false)) == NULL)
		die("out of memory");
	opt.sink->s_open(k, opt.to);
	if (opt.last > 0)
		run_last(k, km);
	else
		run_all(k, km);
	kshm_merge_counts(km, &seen, &lost);
	opt.sink->s_close(k, seen, lost);
	kshm_merge_free(km);
}

int
main(int argc, char **argv)
{
	struct kshm *k;
	int c;

	while ((c = getopt_long(argc, argv, "fn:t:e:c:w:o:O:l:s:", long_options,
		    NULL)) != -1)
		set_option(c);
	if (optind + 1 != argc) {
		fputs(usage_text, stderr);
		return (2);
	}
	kshm_end_if_cut("ktrdump");
	if (kshm_attach(argv[optind], &k) != 0)
		die("%s", kshm_error());
	if (opt.save != NULL) {
		if (kshm_save(k, opt.save) != 0)
			die("%s", kshm_error());
	} else if (opt.list)
		list_events(k);
	else if (opt.compile != NULL)
		compile(k);
	else
		dump(k);
	kshm_detach(k);
	return (0);
}
