/* SPDX-License-Identifier: BSD-2-Clause */
/* Page allocator, slabs, radix trees, locks, strings. */
#include <sys/ktest.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/radix.h>
#include <vm/vm_var.h>

KTEST(buddy_returns, "does freed memory merge back to what it was?")
{
	struct vm_page *pg[64];
	uint64_t before;
	int n = 0;

	before = vm_free_pages;
	for (int o = 0; o < 8; o++)
		for (int i = 0; i < 8; i++) {
			pg[n] = vm_page_alloc(-1, o, VMA_NOWAIT);
			KT_CHECK(pg[n] != NULL);
			KT_EQ(vm_page_pa(pg[n]) % (PAGE_SIZE << o), 0);
			n++;
		}
	while (n-- > 0)
		vm_page_free(pg[n], n / 8);
	KT_EQ(vm_free_pages, before);
}

KTEST(buddy_exhaustion, "is an empty allocator an error, not a hang?")
{
	struct vm_page *pg, *list = NULL;
	uint64_t before = vm_free_pages;

	while ((pg = vm_page_alloc(-1, 0, VMA_NOWAIT)) != NULL) {
		*(struct vm_page **)vm_page_kva(pg) = list;
		list = pg;
	}
	KT_CHECK(vm_free_pages <= vm_free_min);
	while ((pg = list) != NULL) {
		list = *(struct vm_page **)vm_page_kva(pg);
		vm_page_free(pg, 0);
	}
	KT_EQ(vm_free_pages, before);
}

KTEST(kmalloc_sizes, "does every size give distinct writable memory?")
{
	static const size_t sizes[] = {
	    1, 15, 16, 17, 100, 1000, 2048, 2049, 4096, 5000, 65536, 1 << 20};
	int64_t before = M_TEMP->mt_bytes;
	uint8_t *p[nitems(sizes)];

	for (unsigned i = 0; i < nitems(sizes); i++) {
		p[i] = kmalloc(sizes[i], M_TEMP, M_WAITOK);
		KT_CHECK(p[i] != NULL);
		memset(p[i], (int)i, sizes[i]);
	}
	for (unsigned i = 0; i < nitems(sizes); i++) {
		KT_EQ(p[i][0], i);
		KT_EQ(p[i][sizes[i] - 1], i);
		kfree(p[i], M_TEMP);
	}
	KT_EQ(M_TEMP->mt_bytes, before);
}

KTEST(kmalloc_fault, "does the n-th failure knob fire once, at n?")
{
	extern struct fault_point *const __start_set_fault_points[];
	struct fault_point *fp = NULL, *const * fpp;
	extern struct fault_point *const __stop_set_fault_points[];
	void *p[4];

	for (fpp = __start_set_fault_points; fpp < __stop_set_fault_points;
	     fpp++)
		if (strcmp((*fpp)->fp_name, "kmalloc") == 0)
			fp = *fpp;
	KT_CHECK(fp != NULL);
	fp->fp_nth = 3;
	for (int i = 0; i < 4; i++)
		p[i] = kmalloc(64, M_TEMP, M_WAITOK);
	KT_CHECK(p[0] != NULL && p[1] != NULL && p[2] == NULL && p[3] != NULL);
	for (int i = 0; i < 4; i++)
		kfree(p[i], M_TEMP);
}

KTEST(radix_sparse, "does a sparse array find, list and forget far indices?")
{
	static const uint64_t at[] = {
	    0, 1, 63, 64, 4095, 4096, 1UL << 20, (1UL << 36) + 5, UINT64_MAX};
	struct radix rx;
	uint64_t i = 0;
	unsigned n = 0;

	radix_init(&rx);
	for (unsigned k = 0; k < nitems(at); k++)
		KT_EQ(radix_set(&rx, at[k], (void *)(uintptr_t)(k + 1)), 0);
	for (; radix_next(&rx, &i) != NULL; n++) {
		KT_EQ(i, at[n]);
		if (i++ == UINT64_MAX) {
			n++;
			break;
		}
	}
	KT_EQ(n, nitems(at));
	for (unsigned k = 0; k < nitems(at); k++) {
		KT_EQ((uintptr_t)radix_get(&rx, at[k]), k + 1);
		KT_EQ((uintptr_t)radix_remove(&rx, at[k]), k + 1);
		KT_CHECK(radix_get(&rx, at[k]) == NULL);
	}
	KT_EQ(rx.rx_count, 0);
	KT_CHECK(rx.rx_root == NULL);
}

KTEST(kprintf_formats, "does every conversion print as printf does?")
{
	char b[64];

#define FMT(want, ...)                                                         \
	do {                                                                   \
		ksnprintf(b, sizeof(b), __VA_ARGS__);                          \
		if (strcmp(b, want) != 0)                                      \
			ktest_fail(                                            \
			    __FILE__, __LINE__, "\"%s\" not \"%s\"", b, want); \
	} while (0)
	FMT("-5 5 005   7|7  ", "%d %u %03d %3d|%-3d", -5, 5u, 5, 7, 7);
	FMT("ff FF 0xff 377", "%x %X %#x %o", 255u, 255u, 255u, 255u);
	FMT("abc ab   abc", "%s %.2s %5s", "abc", "abc", "abc");
	FMT("9223372036854775807 %", "%ld %%", INT64_MAX);
	FMT("-128 255", "%hhd %hhu", (signed char)-128, (unsigned char)255);
	KT_EQ(ksnprintf(b, 4, "abcdef"), 6);
	KT_EQ(strcmp(b, "abc"), 0);
}

KTEST(memmove_overlap, "does every overlap and length move right?")
{
	uint8_t a[256], want[256];

	for (int from = 0; from < 40; from += 3)
		for (int to = 0; to < 40; to += 5)
			for (int n = 0; n < 180; n += 7) {
				for (int i = 0; i < 256; i++)
					a[i] = (uint8_t)i;
				for (int i = 0; i < 256; i++)
					want[i] = i >= to && i < to + n
					    ? (uint8_t)(i - to + from)
					    : (uint8_t)i;
				memmove(a + to, a + from, (size_t)n);
				if (memcmp(a, want, 256) != 0)
					ktest_fail(__FILE__, __LINE__,
					    "from %d to %d n %d", from, to, n);
			}
}
