/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types: what the segment's BTF says, found and read with libbpf.
 *
 * kshm_walk goes through a value by its type alone; kshm_print is a walk that
 * prints.  Nothing in here knows a structure of the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include "kshm_var.h"

#define DEPTH_MAX  64
#define PATH_BYTES 512

const struct btf *
kshm_types(struct kshm *k)
{
	const struct kshm_header *kh = kshm_header(k);
	const void *p = kshm_at(k, kh->kh_types, kh->kh_types_bytes);

	if (!k->k_btf_tried && p != NULL && kh->kh_types_bytes > 0) {
		k->k_btf = btf__new(p, (uint32_t)kh->kh_types_bytes);
		if (k->k_btf == NULL)
			kshm_fail(EINVAL, "the segment's types are damaged");
	}
	k->k_btf_tried = true;
	return (k->k_btf);
}

uint32_t
kshm_type_id(struct kshm *k, const char *name)
{
	static const struct {
		const char *word;
		uint32_t kind;
	} words[] = {{"struct ", BTF_KIND_STRUCT}, {"union ", BTF_KIND_UNION},
	    {"enum ", BTF_KIND_ENUM}};
	const struct btf *btf = kshm_types(k);
	int id = -1;

	if (btf == NULL)
		return (0);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(name, words[i].word, strlen(words[i].word)) == 0) {
			id = btf__find_by_name_kind(
			    btf, name + strlen(words[i].word), words[i].kind);
			return (id > 0 ? (uint32_t)id : 0);
		}
	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (id <= 0)
		id = btf__find_by_name_kind(btf, name, BTF_KIND_INT);
	return (id > 0 ? (uint32_t)id : 0);
}

size_t
kshm_type_size(struct kshm *k, uint32_t id)
{
	const struct btf *btf = kshm_types(k);
	int64_t n = btf != NULL ? btf__resolve_size(btf, id) : 0;

	return (n > 0 ? (size_t)n : 0);
}

/* --- walking ------------------------------------------------------------------------- */

/*
 * Damaged types may put a member outside its structure or a structure into
 * itself: nothing behind the value is read, and a walk has an end.
 */
#define STEPS_MAX (1u << 18)

struct walk {
	const struct btf *btf;
	const uint8_t *data;
	uint64_t bits; /* of data */
	uint32_t steps;
	kshm_leaf_func *func;
	void *arg;
	char path[PATH_BYTES];
};

static int walk_type(
    struct walk *w, uint32_t id, uint64_t bits, uint32_t width, int depth);

static bool
is_inside(const struct walk *w, uint64_t at, uint64_t width)
{
	return (at <= w->bits && width <= w->bits - at);
}

static const char *
name_at(const struct btf *btf, uint32_t offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return (name != NULL ? name : "");
}

/* 1 to 64 bits at an offset in bits, as an unsigned number. */
static uint64_t
bits_at(const uint8_t *data, uint64_t at, uint32_t width)
{
	uint8_t bytes[16] = {0};
	unsigned __int128 v;

	memcpy(bytes, data + at / 8, (at % 8 + width + 7) / 8);
	memcpy(&v, bytes, sizeof(v));
	v >>= at % 8;
	return (width >= 64 ? (uint64_t)v : (uint64_t)v & ((1UL << width) - 1));
}

static int
leaf(struct walk *w, uint64_t bits, uint32_t width, enum kshm_leaf_kind kind,
    const char *text)
{
	struct kshm_leaf l = {.path = w->path,
	    .offset = bits / 8,
	    .size = (width + 7) / 8,
	    .kind = kind,
	    .text = text};

	if (kind != KSHM_CHARS && (width == 0 || width > 64))
		return (0); /* no number of ours */
	if (!is_inside(w, bits, width))
		return (EINVAL);
	if (kind != KSHM_CHARS)
		l.value = bits_at(w->data, bits, width);
	if (kind == KSHM_SIGNED && width < 64 &&
	    (l.value >> (width - 1) & 1) != 0)
		l.value |= ~0UL << width;
	return (w->func(&l, w->arg));
}

static const char *
enum_name(const struct walk *w, const struct btf_type *t, uint64_t bits,
    uint32_t width)
{
	const struct btf_enum *e = btf_enum(t);
	uint64_t value;

	if (width == 0 || width > 64 || !is_inside(w, bits, width))
		return (NULL);
	value = bits_at(w->data, bits, width);
	for (int i = 0; btf_is_enum(t) && i < btf_vlen(t); i++)
		if ((uint32_t)e[i].val == (uint32_t)value)
			return (btf__name_by_offset(w->btf, e[i].name_off));
	return (NULL);
}

static int
walk_members(struct walk *w, const struct btf_type *t, uint64_t bits, int depth)
{
	const struct btf_member *m = btf_members(t);
	size_t used = strlen(w->path);
	int error = 0;

	for (int i = 0; i < btf_vlen(t) && error == 0; i++) {
		const char *name = name_at(w->btf, m[i].name_off);

		if (*name != '\0')
			snprintf(w->path + used, sizeof(w->path) - used, "%s%s",
			    used > 0 ? "." : "", name);
		error = walk_type(w, m[i].type,
		    bits + btf_member_bit_offset(t, (uint32_t)i),
		    btf_member_bitfield_size(t, (uint32_t)i), depth);
		w->path[used] = '\0';
	}
	return (error);
}

static bool
is_char(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t != NULL && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return (t != NULL && btf_is_int(t) && t->size == 1 &&
	    (strcmp(name_at(btf, t->name_off), "char") == 0 ||
		(btf_int_encoding(t) & BTF_INT_CHAR) != 0));
}

static int
walk_array(struct walk *w, const struct btf_type *t, uint64_t bits, int depth)
{
	const struct btf_array *a = btf_array(t);
	int64_t each = btf__resolve_size(w->btf, a->type);
	size_t used = strlen(w->path);
	int error = 0;

	if (each <= 0 || each > (1L << 32))
		return (0);
	if (!is_inside(w, bits, 0) ||
	    a->nelems > (w->bits - bits) / 8 / (uint64_t)each)
		return (EINVAL);
	if (is_char(w->btf, a->type))
		return (leaf(w, bits, a->nelems * 8, KSHM_CHARS,
		    (const char *)w->data + bits / 8));
	for (uint32_t i = 0; i < a->nelems && error == 0; i++) {
		snprintf(w->path + used, sizeof(w->path) - used, "[%u]", i);
		error = walk_type(
		    w, a->type, bits + i * (uint64_t)each * 8, 0, depth);
		w->path[used] = '\0';
	}
	return (error);
}

static int
walk_type(struct walk *w, uint32_t id, uint64_t bits, uint32_t width, int depth)
{
	const struct btf_type *t = btf__type_by_id(w->btf, id);
	enum kshm_leaf_kind kind;

	if (t == NULL || depth > DEPTH_MAX || w->steps++ == STEPS_MAX)
		return (EINVAL);
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		kind = (btf_int_encoding(t) & BTF_INT_BOOL) != 0 ? KSHM_BOOLEAN
		    : (btf_int_encoding(t) & BTF_INT_SIGNED) != 0
		    ? KSHM_SIGNED
		    : KSHM_UNSIGNED;
		return (leaf(
		    w, bits, width != 0 ? width : t->size * 8, kind, NULL));
	case BTF_KIND_PTR:
		return (leaf(w, bits, 64, KSHM_POINTER, NULL));
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (width == 0)
			width = t->size * 8;
		return (leaf(
		    w, bits, width, KSHM_ENUM, enum_name(w, t, bits, width)));
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (walk_members(w, t, bits, depth + 1));
	case BTF_KIND_ARRAY:
		return (walk_array(w, t, bits, depth + 1));
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return (walk_type(w, t->type, bits, width, depth + 1));
	default: /* has no value */
		return (0);
	}
}

int
kshm_walk(struct kshm *k, uint32_t id, const void *data, kshm_leaf_func *func,
    void *arg)
{
	struct walk w = {.btf = kshm_types(k),
	    .data = data,
	    .bits = kshm_type_size(k, id) * 8,
	    .func = func,
	    .arg = arg};

	if (w.btf == NULL)
		return (kshm_fail(ENOENT, "the segment has no types"));
	return (walk_type(&w, id, 0, 0, 0));
}

static int
print_leaf(const struct kshm_leaf *l, void *arg)
{
	FILE *out = arg;
	const char *path = *l->path != '\0' ? l->path : "value";

	switch (l->kind) {
	case KSHM_CHARS:
		fprintf(out, "%s = \"", path);
		for (uint32_t i = 0; i < l->size && l->text[i] != '\0'; i++)
			if (l->text[i] >= ' ' && l->text[i] < 127 &&
			    l->text[i] != '"' && l->text[i] != '\\')
				fputc(l->text[i], out);
			else
				fprintf(out, "\\x%02x", (uint8_t)l->text[i]);
		fprintf(out, "\"\n");
		break;
	case KSHM_ENUM:
		if (l->text != NULL) {
			fprintf(out, "%s = %s\n", path, l->text);
			break;
		}
		/* FALLTHROUGH */
	case KSHM_UNSIGNED:
		fprintf(out, "%s = %lu\n", path, l->value);
		break;
	case KSHM_SIGNED:
		fprintf(out, "%s = %ld\n", path, (long)l->value);
		break;
	case KSHM_BOOLEAN:
		fprintf(
		    out, "%s = %s\n", path, l->value != 0 ? "true" : "false");
		break;
	case KSHM_POINTER:
		fprintf(out, "%s = 0x%lx\n", path, l->value);
		break;
	}
	return (0);
}

int
kshm_print(struct kshm *k, FILE *out, uint32_t id, const void *data)
{
	return (kshm_walk(k, id, data, print_leaf, out));
}
