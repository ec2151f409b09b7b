/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kshm: look at the objects of a running, panicked or saved kernel.  It knows no
 * structure: all it prints comes from the segment's directory and types.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kshm.h>

static const char usage_text[] =
    "usage: kshm info WHERE\n"
    "       kshm ls WHERE [PREFIX]\n"
    "       kshm cat WHERE PATH...\n"
    "       kshm layout WHERE PATH\n"
    "       kshm watch WHERE PATH [SECONDS [TIMES]]\n"
    "       kshm save WHERE FILE\n"
    "WHERE is a process, the kshm.name of a kernel, or a file; see kshm(1).\n";

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "kshm: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static const char *const classes[] = {
    "?", "const", "counter", "seqlock", "ring"};

static const char *
class_name(const struct kshm_object *ko)
{
	return (ko->ko_class < 5 ? classes[ko->ko_class] : "?");
}

static void
info(struct kshm *k)
{
	static const char *const states[] = {
	    "booting", "running", "stopped", "panicked"};
	const struct kshm_header *kh = kshm_header(k);
	uint32_t state = kh->kh_state;

	printf("name      %s\nversion   %s\nmachine   %s\nstate     %s\n",
	    kh->kh_name, kh->kh_version,
	    kh->kh_machine == KSHM_VKERNEL ? "vkernel" : "pc64",
	    state < 4 ? states[state] : "?");
	if (state == KSHM_PANICKED)
		printf("panic     %s\n", kh->kh_panic);
	printf("boot      ");
	for (int i = 0; i < 16; i++)
		printf("%02x", kh->kh_boot_id[i]);
	printf("\ncpus      %u\nobjects   %u (%u refused)\nevents    %u\n"
	       "types     %lu bytes\nsegment   %lu bytes\n",
	    kh->kh_ncpus, kh->kh_nobjects, kh->kh_refused, kh->kh_nevents,
	    kh->kh_types_bytes, kh->kh_bytes);
	if (kh->kh_hash_count > 0)
		printf("hash      %016lx of %lu events\n", kh->kh_hash,
		    kh->kh_hash_count);
}

static void
list(struct kshm *k, const char *prefix)
{
	for (size_t i = 0; i < kshm_objects(k); i++) {
		const struct kshm_object *ko = kshm_object(k, i);

		if (strncmp(ko->ko_path, prefix, strlen(prefix)) == 0)
			printf("%-28s %-7s %-5s %6lu x %-4u %s\n", ko->ko_path,
			    class_name(ko),
			    ko->ko_access == KSHM_ANY ? "any" : "trace",
			    ko->ko_size, ko->ko_count, ko->ko_type);
	}
}

static void
print_object(struct kshm *k, const char *path)
{
	const struct kshm_object *ko = kshm_find(k, path);
	uint32_t id;
	void *buf;

	if (ko == NULL)
		die("there is no object \"%s\"; see kshm ls", path);
	if ((id = kshm_type_id(k, ko->ko_type)) == 0 ||
	    kshm_type_size(k, id) != ko->ko_size)
		die("%s: the type %s is not known", path, ko->ko_type);
	if ((buf = malloc(ko->ko_size)) == NULL)
		die("out of memory");
	for (uint32_t i = 0; i < ko->ko_count; i++) {
		if (kshm_read(k, ko, i, buf) != 0)
			die("%s", kshm_error());
		if (ko->ko_count > 1)
			printf("%s[%u]:\n", path, i);
		(void)kshm_print(k, stdout, id, buf);
	}
	free(buf);
}

static int
layout_leaf(const struct kshm_leaf *l, void *arg)
{
	(void)arg;
	printf("%lu %u %s\n", l->offset, l->size,
	    *l->path != '\0' ? l->path : "value");
	return (0);
}

/* Offset, bytes and name of all that an element has: types alone. */
static void
layout(struct kshm *k, const char *path)
{
	const struct kshm_object *ko = kshm_find(k, path);
	uint32_t id = ko != NULL ? kshm_type_id(k, ko->ko_type) : 0;
	void *zeros = id != 0 ? calloc(1, kshm_type_size(k, id)) : NULL;

	if (zeros == NULL)
		die("there is no object \"%s\"; see kshm ls", path);
	(void)kshm_walk(k, id, zeros, layout_leaf, NULL);
	free(zeros);
}

static void
watch(struct kshm *k, const char *path, const char *seconds, const char *times)
{
	double every = seconds != NULL ? atof(seconds) : 1;
	long n = times != NULL ? atol(times) : -1;

	while (n < 0 || n-- > 0) {
		printf("--- %s\n", path);
		print_object(k, path);
		fflush(stdout);
		if (n != 0)
			usleep((useconds_t)(every * 1e6));
	}
}

int
main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";
	struct kshm *k;
	int error;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(usage_text, stdout);
		return (0);
	}
	if (argc < 3) {
		fputs(usage_text, stderr);
		return (2);
	}
	kshm_end_if_cut("kshm");
	if ((error = kshm_attach(argv[2], &k)) != 0)
		die("%s", kshm_error());
	if (strcmp(how, "info") == 0 && argc == 3)
		info(k);
	else if (strcmp(how, "ls") == 0 && argc <= 4)
		list(k, argc == 4 ? argv[3] : "");
	else if (strcmp(how, "cat") == 0 && argc >= 4)
		for (int i = 3; i < argc; i++)
			print_object(k, argv[i]);
	else if (strcmp(how, "layout") == 0 && argc == 4)
		layout(k, argv[3]);
	else if (strcmp(how, "watch") == 0 && argc >= 4 && argc <= 6)
		watch(k, argv[3], argc > 4 ? argv[4] : NULL,
		    argc > 5 ? argv[5] : NULL);
	else if (strcmp(how, "save") == 0 && argc == 4) {
		if (kshm_save(k, argv[3]) != 0)
			die("%s", kshm_error());
	} else {
		fputs(usage_text, stderr);
		return (2);
	}
	kshm_detach(k);
	return (0);
}
