/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events: names and fields from the segment's table, values as text; the clock.
 *
 * A format is "name=%conv name=%conv ...": what stands before '=' is the
 * field's name, the conversion tells how to show it.  %c ends them: its text
 * takes all arguments that are left.
 */
#include <ctype.h>
#include <string.h>
#include "kshm_var.h"

size_t
kshm_events(const struct kshm *k)
{
	const struct kshm_header *kh = kshm_header(k);
	uint64_t n = load_acq(&kh->kh_nevents);

	return (n > 0 &&
		    kshm_row(k, kh->kh_events, n - 1, kh->kh_event_bytes,
			sizeof(struct kshm_event)) != NULL
		? n
		: 0);
}

const struct kshm_event *
kshm_event(const struct kshm *k, uint32_t id)
{
	const struct kshm_header *kh = kshm_header(k);

	if (id == 0 || id > kshm_events(k))
		return (NULL);
	return (kshm_row(k, kh->kh_events, id - 1, kh->kh_event_bytes,
	    sizeof(struct kshm_event)));
}

size_t
kshm_event_fields(const struct kshm *k, const struct kshm_event *ke,
    struct kshm_field fields[KSHM_EVENT_ARGS])
{
	const char *p = kshm_text(k, ke->ke_format);
	size_t n = 0, len;

	while (n < ke->ke_nargs && n < KSHM_EVENT_ARGS) {
		struct kshm_field *f = &fields[n];
		const char *percent = strchr(p, '%'), *name;

		snprintf(f->name, sizeof(f->name), "arg%zu", n);
		snprintf(f->conv, sizeof(f->conv), "lx");
		n++;
		if (percent == NULL)
			continue;
		name = percent;
		if (name > p && name[-1] == '=')
			name--;
		len = 0;
		while (name > p &&
		    (isalnum((unsigned char)name[-1]) != 0 ||
			name[-1] == '_')) {
			name--;
			len++;
		}
		if (len > 0 && len < sizeof(f->name))
			snprintf(
			    f->name, sizeof(f->name), "%.*s", (int)len, name);
		p = percent + 1;
		for (len = 0; *p != '\0' && len + 1 < sizeof(f->conv);) {
			f->conv[len++] = *p;
			if (isalpha((unsigned char)*p++) != 0 && p[-1] != 'l')
				break;
		}
		f->conv[len] = '\0';
		if (strcmp(f->conv, "c") == 0)
			break;
	}
	return (n);
}

/* What lies in the arguments from i on, as one line. */
static const char *
chars(const struct kshm_record *kr, size_t i, char buf[KSHM_CHARS_MAX])
{
	const char *s = (const char *)&kr->kr_args[i];
	size_t n = strnlen(s, (KSHM_EVENT_ARGS - i) * sizeof(kr->kr_args[0]));
	char *out = buf;

	for (size_t j = 0; j < n; j++)
		if (s[j] < ' ' || s[j] > '~' || s[j] == '\\')
			out += sprintf(out, "\\x%02x", (unsigned char)s[j]);
		else
			*out++ = s[j];
	*out = '\0';
	return (buf);
}

const char *
kshm_field_text(const struct kshm *k, const struct kshm_field *field, size_t i,
    const struct kshm_record *kr, char buf[KSHM_CHARS_MAX])
{
	if (strcmp(field->conv, "s") == 0)
		return (kshm_text(k, (uint32_t)kr->kr_args[i]));
	return (strcmp(field->conv, "c") == 0 ? chars(kr, i, buf) : NULL);
}

static void
value_text(const struct kshm_field *f, uint64_t v, char *buf, size_t size)
{
	bool wide = strchr(f->conv, 'l') != NULL;

	switch (f->conv[strlen(f->conv) - 1]) {
	case 'd':
		if (wide)
			snprintf(buf, size, "%ld", (long)v);
		else
			snprintf(buf, size, "%d", (int)v);
		break;
	case 'u':
		snprintf(buf, size, "%lu", wide ? v : (uint32_t)v);
		break;
	case 'o':
		snprintf(buf, size, "0%lo", wide ? v : (uint32_t)v);
		break;
	default:
		snprintf(buf, size, "0x%lx", v);
		break;
	}
}

void
kshm_event_format(
    const struct kshm *k, const struct kshm_record *kr, char *buf, size_t size)
{
	const struct kshm_event *ke = kshm_event(k, kr->kr_id);
	struct kshm_field fields[KSHM_EVENT_ARGS];
	size_t n, used = 0;
	char value[32], bytes[KSHM_CHARS_MAX];

	buf[0] = '\0';
	if (ke == NULL)
		return;
	n = kshm_event_fields(k, ke, fields);
	for (size_t i = 0; i < n && used < size; i++) {
		const char *text = kshm_field_text(k, &fields[i], i, kr, bytes);

		value_text(&fields[i], kr->kr_args[i], value, sizeof(value));
		used += (size_t)snprintf(buf + used, size - used, "%s%s=%s",
		    i > 0 ? " " : "", fields[i].name,
		    text != NULL ? text : value);
	}
}

/* --- clock ------------------------------------------------------------------------ */

struct kshm_clock
kshm_clock(const struct kshm *k)
{
	const struct kshm_clock *kc = &kshm_header(k)->kh_clock;
	struct kshm_clock copy;
	uint32_t seq;

	for (int i = 0; i < 10000; i++) {
		seq = load_acq(&kc->kc_seq);
		copy = *(const volatile struct kshm_clock *)kc;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((seq & 1) == 0 && load_acq(&kc->kc_seq) == seq)
			break;
	}
	return (copy);
}

int64_t
kshm_clock_ns(const struct kshm_clock *kc, uint64_t time)
{
	if (kc->kc_unit == KSHM_NS)
		return ((int64_t)time);
	if (kc->kc_mult == 0)
		return (-1);
	/* A damaged clock may overflow: a wrong time, but a time. */
	return ((int64_t)((uint64_t)kc->kc_mono +
	    (uint64_t)((__int128)(int64_t)(time - kc->kc_cycles) *
		    (__int128)kc->kc_mult >>
		32)));
}

int64_t
kshm_time_ns(const struct kshm *k, uint64_t time)
{
	struct kshm_clock kc = kshm_clock(k);

	return (kshm_clock_ns(&kc, time));
}

int64_t
kshm_time_real(const struct kshm *k)
{
	return (kshm_clock(k).kc_real);
}
