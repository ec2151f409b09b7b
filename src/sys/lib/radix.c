/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sparse arrays.
 *
 * 1. A tree of 64-slot nodes; a tree of height h covers 64^h indices; leaves
 *    (level 0) hold values, the others nodes.  Height 0: empty.
 * 2. Growing adds a root above the old one (slot 0); removal frees nodes that
 *    became empty, bottom up, and never lowers the height until the tree is
 *    empty.
 * 3. radix_set allocates the whole missing path before it links the value; on
 *    failure the empty nodes that it made stay and are freed by the next
 *    removal or destroy: they are harmless.
 */
#include <sys/systm.h>
#include <sys/malloc.h>
#include <sys/radix.h>

#define BITS	  6
#define SLOTS	  64
#define LEVEL_MAX 11 /* 64^11 > 2^64 */

struct radix_node {
	void *rn_slot[SLOTS];
	uint32_t rn_used;
};

static struct zone *node_zone;

static void
radix_zone_init(void)
{
	node_zone = zone_create("radix", sizeof(struct radix_node), 8);
}
SYSINIT(radix, SI_MEMORY + 1, radix_zone_init);

static unsigned
slot_of(uint64_t index, uint32_t level)
{
	return ((index >> (level * BITS)) & (SLOTS - 1));
}

static bool
covers(uint32_t height, uint64_t index)
{
	return (height >= LEVEL_MAX || (index >> (height * BITS)) == 0);
}

void
radix_init(struct radix *rx)
{
	rx->rx_root = NULL;
	rx->rx_height = 0;
	rx->rx_count = 0;
}

void *
radix_get(const struct radix *rx, uint64_t index)
{
	struct radix_node *n = rx->rx_root;

	if (n == NULL || !covers(rx->rx_height, index))
		return (NULL);
	for (uint32_t l = rx->rx_height - 1; l > 0; l--)
		if ((n = n->rn_slot[slot_of(index, l)]) == NULL)
			return (NULL);
	return (n->rn_slot[slot_of(index, 0)]);
}

static struct radix_node *
node_alloc(void)
{
	struct radix_node *n = zone_alloc(node_zone, M_NOWAIT);

	if (n != NULL)
		memset(n, 0, sizeof(*n));
	return (n);
}

int
radix_set(struct radix *rx, uint64_t index, void *value)
{
	struct radix_node *n, *child;
	unsigned s;

	KASSERT(value != NULL, ("radix_set: NULL value"));
	while (rx->rx_root == NULL || !covers(rx->rx_height, index)) {
		if ((n = node_alloc()) == NULL)
			return (ENOMEM);
		if (rx->rx_root != NULL) {
			n->rn_slot[0] = rx->rx_root;
			n->rn_used = 1;
		}
		rx->rx_root = n;
		rx->rx_height++;
	}
	n = rx->rx_root;
	for (uint32_t l = rx->rx_height - 1; l > 0; l--) {
		s = slot_of(index, l);
		if ((child = n->rn_slot[s]) == NULL) {
			if ((child = node_alloc()) == NULL)
				return (ENOMEM);
			n->rn_slot[s] = child;
			n->rn_used++;
		}
		n = child;
	}
	s = slot_of(index, 0);
	if (n->rn_slot[s] == NULL) {
		n->rn_used++;
		rx->rx_count++;
	}
	n->rn_slot[s] = value;
	return (0);
}

void *
radix_remove(struct radix *rx, uint64_t index)
{
	struct radix_node *path[LEVEL_MAX], *n = rx->rx_root;
	uint32_t l;
	void *old;

	if (n == NULL || !covers(rx->rx_height, index))
		return (NULL);
	for (l = rx->rx_height - 1; l > 0; l--) {
		path[l] = n;
		if ((n = n->rn_slot[slot_of(index, l)]) == NULL)
			return (NULL);
	}
	if ((old = n->rn_slot[slot_of(index, 0)]) == NULL)
		return (NULL);
	n->rn_slot[slot_of(index, 0)] = NULL;
	rx->rx_count--;
	for (l = 0; --n->rn_used == 0; n = path[l]) {
		zone_free(node_zone, n);
		if (++l == rx->rx_height) {
			radix_init(rx);
			break;
		}
		path[l]->rn_slot[slot_of(index, l)] = NULL;
	}
	return (old);
}

static void *
next_in(const struct radix_node *n, uint32_t level, uint64_t *indexp)
{
	unsigned s = slot_of(*indexp, level), shift = (level + 1) * BITS;
	uint64_t base = shift < 64 ? *indexp >> shift << shift : 0;
	void *v;

	for (; s < SLOTS; s++) {
		if ((v = n->rn_slot[s]) != NULL &&
		    (level == 0 || (v = next_in(v, level - 1, indexp)) != NULL))
			return (v);
		*indexp = base + ((uint64_t)(s + 1) << (level * BITS));
	}
	return (NULL);
}

void *
radix_next(const struct radix *rx, uint64_t *indexp)
{
	if (rx->rx_root == NULL || !covers(rx->rx_height, *indexp))
		return (NULL);
	return (next_in(rx->rx_root, rx->rx_height - 1, indexp));
}

static void
free_below(struct radix_node *n, uint32_t level)
{
	if (level > 0)
		for (unsigned s = 0; s < SLOTS; s++)
			if (n->rn_slot[s] != NULL)
				free_below(n->rn_slot[s], level - 1);
	zone_free(node_zone, n);
}

void
radix_destroy(struct radix *rx)
{
	if (rx->rx_root != NULL)
		free_below(rx->rx_root, rx->rx_height - 1);
	radix_init(rx);
}
