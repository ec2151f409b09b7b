/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers to numbers: open addressing, linear probing, at most half full. */
#include <stdlib.h>
#include "store.h"

struct map {
	size_t m_room, m_used; /* m_used counts what was taken out, too */
	struct entry {
		uint64_t key, value;
		uint64_t state; /* 0: free, 1: in use, 2: taken out */
	} * m_entries;
};

struct map *
map_new(void)
{
	struct map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return (NULL);
	m->m_room = 256;
	m->m_entries = calloc(m->m_room, sizeof(*m->m_entries));
	if (m->m_entries == NULL) {
		free(m);
		return (NULL);
	}
	return (m);
}

void
map_free(struct map *m)
{
	if (m != NULL)
		free(m->m_entries);
	free(m);
}

/* The key's entry, or the free one where the search ended. */
static struct entry *
find(const struct map *m, uint64_t key)
{
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15UL >> 20);

	for (;; i++) {
		struct entry *e = &m->m_entries[i & (m->m_room - 1)];

		if (e->state == 0 || (e->state == 1 && e->key == key))
			return (e);
	}
}

bool
map_get(const struct map *m, uint64_t key, uint64_t *valuep)
{
	const struct entry *e = find(m, key);

	if (e->state == 1)
		*valuep = e->value;
	return (e->state == 1);
}

/* Only what is in use goes over, so a map of constant size stays one. */
static bool
grow(struct map *m)
{
	struct map old = *m;
	size_t live = 0;

	for (size_t i = 0; i < m->m_room; i++)
		live += m->m_entries[i].state == 1;
	m->m_room = live * 4 > m->m_room ? m->m_room * 2 : m->m_room;
	m->m_entries = calloc(m->m_room, sizeof(*m->m_entries));
	if (m->m_entries == NULL) {
		*m = old;
		return (false);
	}
	m->m_used = live;
	for (size_t i = 0; i < old.m_room; i++)
		if (old.m_entries[i].state == 1)
			*find(m, old.m_entries[i].key) = old.m_entries[i];
	free(old.m_entries);
	return (true);
}

bool
map_set(struct map *m, uint64_t key, uint64_t value)
{
	struct entry *e = find(m, key);

	if (e->state == 0) {
		if ((m->m_used + 1) * 2 > m->m_room) {
			if (!grow(m))
				return (false);
			e = find(m, key);
		}
		m->m_used++;
	}
	*e = (struct entry){key, value, 1};
	return (true);
}

bool
map_take(struct map *m, uint64_t key, uint64_t *valuep)
{
	struct entry *e = find(m, key);

	if (e->state != 1)
		return (false);
	*valuep = e->value;
	e->state = 2;
	return (true);
}
