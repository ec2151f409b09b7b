/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects of the segment, known by nothing but its own types: their list, all
 * members of one, or the values of all whose path begins with a prefix.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "traced.h"

#define LEAVES_MAX 20000

static const char *const classes[] = {
    "?", "const", "counter", "seqlock", "ring"};

int
api_objects(struct request *rq)
{
	struct kshm *k = rq->rq_store->st_kshm;
	struct buf *b = &rq->rq_out;

	buf_text(b, "{\"objects\":[");
	for (size_t i = 0; i < kshm_objects(k); i++) {
		const struct kshm_object *ko = kshm_object(k, i);

		buf_comma(b);
		buf_text(b, "{\"path\":");
		buf_json_n(b, ko->ko_path, sizeof(ko->ko_path));
		buf_text(b, ",\"type\":");
		buf_json_n(b, ko->ko_type, sizeof(ko->ko_type));
		buf_printf(b,
		    ",\"size\":%lu,\"count\":%u,\"class\":\"%s\","
		    "\"access\":\"%s\"}",
		    ko->ko_size, ko->ko_count,
		    classes[ko->ko_class < 5 ? ko->ko_class : 0],
		    ko->ko_access == KSHM_ANY ? "any" : "trace");
	}
	buf_text(b, "]}");
	return (0);
}

struct leaves {
	struct buf *b;
	size_t n;
	bool named; /* "path":value, for values */
};

static void
value_json(struct buf *b, const struct kshm_leaf *l)
{
	switch (l->kind) {
	case KSHM_CHARS:
		buf_json_n(b, l->text, l->size);
		break;
	case KSHM_ENUM:
		if (l->text != NULL)
			buf_json(b, l->text);
		else
			buf_printf(b, "\"%lu\"", l->value);
		break;
	case KSHM_SIGNED:
		buf_printf(b, "\"%ld\"", (long)l->value);
		break;
	case KSHM_BOOLEAN:
		buf_text(b, l->value != 0 ? "\"true\"" : "\"false\"");
		break;
	case KSHM_POINTER:
		buf_printf(b, "\"0x%lx\"", l->value);
		break;
	default: /* as a text: a double does not hold 64 bits */
		buf_printf(b, "\"%lu\"", l->value);
		break;
	}
}

static int
leaf_json(const struct kshm_leaf *l, void *arg)
{
	struct leaves *ls = arg;

	if (ls->n++ >= LEAVES_MAX)
		return (1);
	buf_comma(ls->b);
	if (!ls->named)
		buf_text(ls->b, "[");
	buf_json(ls->b, *l->path != '\0' ? l->path : "value");
	buf_text(ls->b, ls->named ? ":" : ",");
	value_json(ls->b, l);
	if (!ls->named)
		buf_text(ls->b, "]");
	return (0);
}

/* The elements of an object; 0, or why not. */
static const char *
elements(struct kshm *k, const struct kshm_object *ko, struct leaves *ls,
    const char *open, const char *close)
{
	uint32_t id = kshm_type_id(k, ko->ko_type);
	void *value;
	int error;

	if (id == 0 || ko->ko_size > 1UL << 26 ||
	    kshm_type_size(k, id) != ko->ko_size)
		return ("its type is not known");
	if ((value = malloc(ko->ko_size)) == NULL)
		return ("no memory");
	for (uint32_t i = 0; i < ko->ko_count && ls->n < LEAVES_MAX; i++) {
		buf_comma(ls->b);
		buf_text(ls->b, open);
		if ((error = kshm_read(k, ko, i, value)) == 0)
			(void)kshm_walk(k, id, value, leaf_json, ls);
		buf_text(ls->b, close);
		if (error == EINVAL)
			break; /* the object is shorter than it says */
	}
	free(value);
	return (NULL);
}

int
api_object(struct request *rq)
{
	struct kshm *k = rq->rq_store->st_kshm;
	const char *path = word(rq, "path"), *why;
	const struct kshm_object *ko;
	struct leaves ls = {&rq->rq_out, 0, false};

	if (path == NULL)
		return (refuse(rq, 400, "path: an object is needed"));
	if ((ko = kshm_find(k, path)) == NULL)
		return (refuse(rq, 404, "no object \"%.60s\"", path));
	buf_text(ls.b, "{\"path\":");
	buf_json(ls.b, path);
	buf_text(ls.b, ",\"elements\":[");
	if ((why = elements(k, ko, &ls, "[", "]")) != NULL)
		return (refuse(rq, 404, "%.60s: %s", path, why));
	buf_printf(ls.b, "],\"cut\":%s}", ls.n > LEAVES_MAX ? "true" : "false");
	return (0);
}

int
api_values(struct request *rq)
{
	struct kshm *k = rq->rq_store->st_kshm;
	const char *prefix = word(rq, "prefix");
	struct leaves ls = {&rq->rq_out, 0, true};

	if (prefix == NULL || *prefix == '\0')
		return (refuse(rq, 400, "prefix: is needed"));
	buf_text(ls.b, "{\"objects\":[");
	for (size_t i = 0; i < kshm_objects(k); i++) {
		const struct kshm_object *ko = kshm_object(k, i);

		if (strncmp(ko->ko_path, prefix, strlen(prefix)) != 0 ||
		    ko->ko_count != 1 || ko->ko_class == KSHM_RING)
			continue;
		buf_comma(ls.b);
		buf_text(ls.b, "{\"path\":");
		buf_json_n(ls.b, ko->ko_path, sizeof(ko->ko_path));
		buf_text(ls.b, ",\"values\":[");
		(void)elements(k, ko, &ls, "{", "}");
		buf_text(ls.b, "]}");
	}
	buf_text(ls.b, "]}");
	return (0);
}
