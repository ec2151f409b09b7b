/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CTF 1.8 (diamon.org/ctf): a folder with a text that describes the layout
 * (metadata) and a binary stream for each CPU, read by babeltrace2 and Trace
 * Compass.
 *
 * A stream is one packet: header, context, events.
 *	 0  4  magic		 4 16  uuid		20  4  stream id
 *	24  8  content bits	32  8  packet bits	40  8  begin ns
 *	48  8  end ns		56  8  events lost	64  4  CPU
 *	68  4  padding
 * and an event: 4 id, 8 ns, 4 thread, its fields of 8 bytes each, a text as its
 * bytes and a NUL; nothing is aligned.  Sizes and losses are known at the end:
 * the header is written again.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "ktrdump.h"

#define CPUS_MAX 256

struct __attribute__((packed)) packet {
	uint32_t magic;
	uint8_t uuid[16];
	uint32_t stream;
	uint64_t content_bits, packet_bits, begin, end, lost;
	uint32_t cpu, pad;
};
_Static_assert(sizeof(struct packet) == 72, "packet");

static const char *folder;
static struct {
	FILE *file;
	struct packet packet;
} streams[CPUS_MAX];

static FILE *
file_in(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return (open_output(path));
}

static const char preamble[] =
    "/* CTF 1.8 */\n"
    "typealias integer { size = 32; align = 8; signed = false; } := u32;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := u64;\n"
    "typealias integer { size = 64; align = 8; signed = false; base = 16; } := "
    "x64;\n"
    "typealias integer { size = 64; align = 8; signed = true; } := s64;\n"
    "typealias integer { size = 8; align = 8; signed = false; } := u8;\n";

static void
fields_text(struct kshm *k, FILE *f, const struct kshm_event *ke)
{
	struct kshm_field fields[KSHM_EVENT_ARGS];
	size_t n = kshm_event_fields(k, ke, fields);

	for (size_t i = 0; i < n; i++) {
		const char *c = fields[i].conv;
		const char *type = "x64";

		if (strcmp(c, "s") == 0 || strcmp(c, "c") == 0)
			type = "string";
		else if (c[strlen(c) - 1] == 'd')
			type = "s64";
		else if (c[strlen(c) - 1] == 'u')
			type = "u64";
		/* A name of the language's own is no field's. */
		fprintf(f, " %s _%s;", type, fields[i].name);
	}
}

static void
metadata(struct kshm *k)
{
	const struct kshm_header *kh = kshm_header(k);
	const uint8_t *u = kh->kh_boot_id;
	int64_t real = kshm_time_real(k);
	FILE *f = file_in("metadata");
	char uuid[40];

	snprintf(uuid, sizeof(uuid),
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10],
	    u[11], u[12], u[13], u[14], u[15]);
	fprintf(f, "%s", preamble);
	fprintf(f,
	    "trace { major = 1; minor = 8; uuid = \"%s\"; byte_order = le;\n"
	    "  packet.header := struct { u32 magic; u8 uuid[16]; u32 "
	    "stream_id; "
	    "}; };\n"
	    "env { domain = \"kernel\"; sysname = \"Mayfly\"; tracer_name = "
	    "\"ktr\"; };\n"
	    "clock { name = boot; freq = 1000000000; offset_s = %ld; offset = "
	    "%ld; };\n"
	    "typealias integer { size = 64; align = 8; signed = false; map = "
	    "clock.boot.value; } := clock_ns;\n"
	    "stream { id = 0;\n"
	    "  packet.context := struct { u64 content_size; u64 packet_size; "
	    "clock_ns timestamp_begin; clock_ns timestamp_end; u64 "
	    "events_discarded; u32 cpu_id; u32 pad; };\n"
	    "  event.header := struct { u32 id; clock_ns timestamp; };\n"
	    "  event.context := struct { u32 thread; }; };\n",
	    uuid, real / 1000000000, real % 1000000000);
	for (uint32_t id = 1; id <= kshm_events(k); id++) {
		const struct kshm_event *ke = kshm_event(k, id);

		fprintf(f,
		    "event { name = \"%s.%s\"; id = %u; stream_id = 0; fields "
		    ":= struct {",
		    kshm_text(k, ke->ke_group_name), kshm_text(k, ke->ke_name),
		    id);
		fields_text(k, f, ke);
		fprintf(f, " }; };\n");
	}
	if (fclose(f) != 0)
		die("%s/metadata: %s", folder, strerror(errno));
}

static void
ctf_open(struct kshm *k, const char *path)
{
	if (path == NULL)
		die("--output ctf needs a folder: --to PATH");
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
	folder = path;
	metadata(k);
}

static void
put(FILE *f, const void *p, size_t n)
{
	if (fwrite(p, 1, n, f) != n)
		die("%s: %s", folder, strerror(errno));
}

static FILE *
stream_of(struct kshm *k, uint32_t cpu, int64_t ns)
{
	char name[32];

	if (cpu >= CPUS_MAX)
		die("CPU %u: too many", cpu);
	if (streams[cpu].file == NULL) {
		struct packet *p = &streams[cpu].packet;

		snprintf(name, sizeof(name), "cpu%u", cpu);
		streams[cpu].file = file_in(name);
		p->magic = 0xc1fc1fc1;
		memcpy(p->uuid, kshm_header(k)->kh_boot_id, sizeof(p->uuid));
		p->cpu = cpu;
		p->begin = (uint64_t)ns;
		put(streams[cpu].file, p, sizeof(*p));
	}
	streams[cpu].packet.end = (uint64_t)ns;
	return (streams[cpu].file);
}

static void
ctf_record(struct kshm *k, const struct kshm_record *kr, uint32_t cpu)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	struct kshm_field fields[KSHM_EVENT_ARGS];
	size_t n = kshm_event_fields(k, ke, fields);
	int64_t ns = record_ns(k, kr);
	char bytes[KSHM_CHARS_MAX];
	const char *text;
	FILE *f;

	ns = ns < 0 ? 0 : ns; /* in the earliest boot */
	f = stream_of(k, cpu, ns);
	put(f, &kr->kr_id, sizeof(kr->kr_id));
	put(f, &ns, sizeof(ns));
	put(f, &kr->kr_thread, sizeof(kr->kr_thread));
	for (size_t i = 0; i < n; i++) {
		uint64_t v = kr->kr_args[i];

		text = kshm_field_text(k, &fields[i], i, kr, bytes);
		if (text != NULL) {
			put(f, text, strlen(text) + 1);
			continue;
		}
		if (strcmp(fields[i].conv, "d") == 0)
			v = (uint64_t)(int64_t)(int32_t)v;
		else if (strcmp(fields[i].conv, "u") == 0)
			v = (uint32_t)v;
		put(f, &v, sizeof(v));
	}
}

static void
ctf_close(struct kshm *k, uint64_t seen, uint64_t lost)
{
	bool told = false;

	(void)k;
	for (int i = 0; i < CPUS_MAX; i++) {
		struct packet *p = &streams[i].packet;
		FILE *f = streams[i].file;

		if (f == NULL)
			continue;
		p->content_bits = p->packet_bits = (uint64_t)ftell(f) * 8;
		/* The counter is of the stream; all losses are told once. */
		p->lost = told ? 0 : lost;
		told = true;
		rewind(f);
		put(f, p, sizeof(*p));
		if (fclose(f) != 0)
			die("%s: %s", folder, strerror(errno));
	}
	fprintf(stderr, "ktrdump: %lu events seen, %lu lost\n", seen, lost);
}

const struct sink sink_ctf = {"ctf", ctf_open, ctf_record, ctf_close};
