/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Planted bugs: memory that nobody has written yet, and that decides something or
 * leaves the kernel.  Only memcheck knows of it.
 */
#include <sys/console.h>
#include <sys/stat.h>
#include <vm/pmap.h>
#include "../vfs/vfs_test.h"
#include "planted.h"

#define USER 0x10000UL /* an address of a program; nobody needs to be there */

PLANTED(undefined_branch, "Conditional jump or move depends on uninitialised",
    "-", "is a decision on a word of a new block seen?")
{
	uint32_t *p = kmalloc(64, M_TEMP, planted() ? M_WAITOK : M_ZERO);

	hide(p);
	if (p[5] == 7) /* BUG */
		hide(p);
	kfree(p, M_TEMP);
}

PLANTED(undefined_zone, "Conditional jump or move depends on uninitialised",
    "-", "is a decision on what an object was before seen?")
{
	struct zone *z = zone_create("planted", 64, 8);
	uint32_t *p = zone_alloc(z, M_WAITOK | M_ZERO);

	zone_free(z, p);
	p = zone_alloc(z, planted() ? M_WAITOK : M_WAITOK | M_ZERO);
	hide(p);
	if (p[9] == 7) /* BUG */
		hide(p);
	zone_free(z, p);
}

PLANTED(undefined_local, "Conditional jump or move depends on uninitialised",
    "-", "is a decision on a variable without a value seen?")
{
	uint32_t local[4];

	if (!planted())
		memset(local, 0, sizeof(local));
	hide(local);
	local[2] &= 1;
	for (uint32_t i = 0; i < local[2]; i++) /* BUG */
		hide(local);
}

PLANTED(undefined_index, "Use of uninitialised value of size 8", "-",
    "is an array's index without a value seen?")
{
	static volatile uint8_t table[256];
	uint8_t *p = kmalloc(16, M_TEMP, planted() ? M_WAITOK : M_ZERO);

	hide(p);
	(void)table[p[1]]; /* BUG */
	kfree(p, M_TEMP);
}

PLANTED(undefined_page, "Conditional jump or move depends on uninitialised",
    "-", "is a decision on what a page held before seen?")
{
	struct vm_page *pg = vm_page_alloc(-1, 0, VMA_WAIT);

	/* A page that was never used holds zeros: use it. */
	memset(vm_page_kva(pg), 1, PAGE_SIZE);
	vm_page_free(pg, 0);
	pg = vm_page_alloc(-1, 0, planted() ? VMA_WAIT : VMA_WAIT | VMA_ZERO);
	if (*(volatile uint32_t *)vm_page_kva(pg) == 7) /* BUG */
		hide(pg);
	vm_page_free(pg, 0);
}

PLANTED(undefined_growth, "Conditional jump or move depends on uninitialised",
    "-", "is what krealloc added seen?")
{
	uint8_t *p = kmalloc(32, M_TEMP, M_WAITOK | M_ZERO);

	p = krealloc(p, 64, M_TEMP, M_WAITOK);
	hide(p);
	if (p[planted() ? 40 : 20] == 7) /* BUG */
		hide(p);
	kfree(p, M_TEMP);
}

PLANTED(undefined_compare, "Conditional jump or move depends on uninitialised",
    "-", "is a memcmp of bytes without a value seen?")
{
	uint8_t a[16] = {0}, *p;

	p = kmalloc(16, M_TEMP, planted() ? M_WAITOK : M_ZERO);
	hide(p);
	if (memcmp(a, p, 16) == 0) /* BUG */
		hide(p);
	kfree(p, M_TEMP);
}

struct queue {
	uint32_t flags;
	TAILQ_HEAD(, thread) waiters;
};

PLANTED(undefined_list, "Conditional jump or move depends on uninitialised",
    "-", "is a list that was never initialised seen?")
{
	struct queue *q = kmalloc(sizeof(*q), M_TEMP, M_WAITOK);

	q->flags = 0;
	if (!planted())
		TAILQ_INIT(&q->waiters);
	hide(q);
	if (TAILQ_EMPTY(&q->waiters)) /* BUG */
		hide(q);
	kfree(q, M_TEMP);
}

PLANTED(undefined_print, "Conditional jump or move depends on uninitialised",
    "-", "is the print of a buffer without contents seen?")
{
	char *p = kmalloc(16, M_TEMP, planted() ? M_WAITOK : M_ZERO);

	p[15] = '\0';
	hide(p);
	kprintf("planted: %s\n", p); /* BUG */
	kfree(p, M_TEMP);
}

/* --- what a program gets --------------------------------------------------------- */

#define TOLD "Uninitialised byte.s. found during client check"

struct padded {
	uint8_t kind; /* seven bytes nobody sets */
	uint64_t value;
};

PLANTED(leak_padding, TOLD, "-", "is the padding of a structure seen?")
{
	struct padded s;

	if (!planted())
		memset(&s, 0, sizeof(s));
	s.kind = 1;
	s.value = 2;
	hide(&s);
	(void)!copyout(&s, USER, sizeof(s)); /* BUG */
}

PLANTED(leak_tail, TOLD, "-", "is the rest of a name's buffer seen?")
{
	char *p = kmalloc(64, M_TEMP, planted() ? M_WAITOK : M_ZERO);

	strlcpy(p, "name", 64);
	(void)!copyout(p, USER, 64); /* BUG */
	kfree(p, M_TEMP);
}

PLANTED(leak_array, TOLD, "-", "is the last element nobody filled seen?")
{
	uint64_t a[4];

	for (unsigned i = 0; i < (planted() ? 3 : 4); i++)
		a[i] = i;
	hide(a);
	(void)!copyout(a, USER, sizeof(a)); /* BUG */
}

union value {
	uint32_t small;
	uint64_t large[2];
};

PLANTED(leak_union, TOLD, "-", "is the rest of a union seen?")
{
	union value u;

	if (!planted())
		memset(&u, 0, sizeof(u));
	u.small = 1;
	hide(&u);
	(void)!copyout(&u, USER, sizeof(u)); /* BUG */
}

PLANTED(leak_stat, TOLD, "-", "is a field that a call forgets seen?")
{
	struct stat st;

	if (!planted())
		memset(&st, 0, sizeof(st));
	st.st_size = 1;
	st.st_mode = S_IFREG;
	hide(&st);
	(void)!copyout(&st, USER, sizeof(st)); /* BUG */
}

PLANTED(leak_word, TOLD, "-", "is a futex word without a value seen?")
{
	uint32_t old, *p = kmalloc(16, M_TEMP, planted() ? M_WAITOK : M_ZERO);

	hide(p);
	(void)!user_cmpxchg32(USER, 0, p[1], &old); /* BUG */
	kfree(p, M_TEMP);
}

PLANTED(leak_error_path, TOLD, "-",
    "is a result seen that only the way without an error sets?")
{
	uint64_t result;

	hide(&result);
	if (!planted())
		result = 5;
	(void)!copyout(&result, USER, sizeof(result)); /* BUG */
}

PLANTED(
    leak_page, TOLD, "-", "is a page that nobody filled seen as it is mapped?")
{
	struct vm_page *pg = vm_page_alloc(-1, 0, VMA_WAIT);
	struct pmap pm;

	memset(vm_page_kva(pg), 1, PAGE_SIZE);
	vm_page_free(pg, 0);
	pg = vm_page_alloc(-1, 0, planted() ? VMA_WAIT : VMA_WAIT | VMA_ZERO);
	KT_EQ(pmap_init(&pm), 0);
	KT_EQ(pmap_enter(&pm, USER, pg, VM_PROT_READ), 0); /* BUG */
	pmap_remove(&pm, USER, USER + PAGE_SIZE);
	pmap_destroy(&pm);
	vm_page_free(pg, 0);
}

PLANTED(
    leak_page_half, TOLD, "-", "is a page seen that was filled to the half?")
{
	struct vm_page *pg = vm_page_alloc(-1, 0, VMA_WAIT);
	struct pmap pm;

	memset(vm_page_kva(pg), 1, PAGE_SIZE);
	vm_page_free(pg, 0);
	pg = vm_page_alloc(-1, 0, VMA_WAIT);
	memset(vm_page_kva(pg), 0, planted() ? PAGE_SIZE / 2 : PAGE_SIZE);
	KT_EQ(pmap_init(&pm), 0);
	KT_EQ(pmap_enter(&pm, USER, pg, VM_PROT_READ), 0); /* BUG */
	pmap_remove(&pm, USER, USER + PAGE_SIZE);
	pmap_destroy(&pm);
	vm_page_free(pg, 0);
}

/* --- what the host gets ------------------------------------------------------------ */

PLANTED(write_host_file, "Syscall param pwrite64.buf. points to uninitialised",
    "-", "are bytes without a value seen as they go to a file of the host?")
{
	struct test_proc *tp = test_start("");
	char *p = kmalloc(100, M_TEMP, planted() ? M_WAITOK : M_ZERO);
	int fd;

	memset(p, 'x', 90);
	hide(p);
	KT_EQ(t_mkdir("/host"), 0);
	KT_EQ(vfs_mount_at("hostfs", "/", "/host", 0, ""), 0);
	KT_CHECK((fd = t_open("/host/f", O_RDWR | O_CREAT, 0666)) >= 0);
	KT_EQ(t_write(fd, p, 100), 100); /* BUG */
	KT_EQ(fd_close(fd), 0);
	KT_EQ(vfs_unmount_at("/host", false), 0);
	kfree(p, M_TEMP);
	test_end(tp);
}

PLANTED(write_console, "Syscall param write.buf. points to uninitialised", "-",
    "are bytes without a value seen as they go to the console?")
{
	char *p = kmalloc(16, M_TEMP, planted() ? M_WAITOK : M_ZERO);

	memset(p, ' ', 8);
	hide(p);
	console_write(p, 16); /* BUG */
	kfree(p, M_TEMP);
}

PLANTED(host_name, "Conditional jump or move depends on uninitialised", "-",
    "is a name without an end seen on its way to the host?")
{
	struct test_proc *tp = test_start("");
	char *p = kmalloc(16, M_TEMP, M_WAITOK);

	strlcpy(p, "/host/", 16);
	p[6] = 'n';
	if (!planted())
		p[7] = '\0';
	p[15] = '\0';
	hide(p);
	KT_EQ(t_mkdir("/host"), 0);
	KT_EQ(vfs_mount_at("hostfs", "/", "/host", 0, ""), 0);
	(void)t_mkdir(p); /* BUG */
	p[7] = '\0';
	(void)t_rmdir(p);
	KT_EQ(vfs_unmount_at("/host", false), 0);
	kfree(p, M_TEMP);
	test_end(tp);
}
