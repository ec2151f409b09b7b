/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to kern/exec. */
#ifndef KERN_EXEC_VAR_H
#define KERN_EXEC_VAR_H

#include <sys/abi.h>
#include <sys/elf.h>

struct vm_object;

/* A file opened for execution: permission checked, writers kept out. */
int exec_open(int dirfd, const char *path, int atflags, struct path **ptp);
void exec_close(struct path *pt);
/* EACCES: nothing that the current process may run. */
int exec_check(struct path *pt);
/* Exactly len bytes at off: ENOEXEC if the file is shorter. */
int exec_read(struct vnode *vp, void *buf, size_t len, uint64_t off);
/* img_head from img_vnode. */
int exec_read_head(struct image_params *img);

/* exec_args.c */
int exec_copyin_args(struct image_params *img, uaddr_t argv, uaddr_t envp);
int exec_kernel_args(struct image_params *img, const char *const *argv,
    int argc, const char *const *envp, int envc);
/* Replace argv[0] by n words (a script's interpreter line). */
int exec_replace_argv0(
    struct image_params *img, const char *const *words, int n);
void exec_free_args(struct image_params *img);

/* exec_elf_map.c */
struct elf_map {
	uint64_t em_bias;	  /* added to every p_vaddr */
	uaddr_t em_start, em_end; /* of all segments */
	uaddr_t em_text_start, em_text_end;
	uaddr_t em_data_start, em_data_end; /* the last segment's */
	uaddr_t em_phdr;		    /* of the program headers, or 0 */
};
int elf_check_header(const Elf64_Ehdr *eh);
int elf_check_phdrs(
    const Elf64_Ehdr *eh, const Elf64_Phdr *ph, uint64_t filesize);
/* fixed: map at bias; else anywhere, near *biasp if not 0. */
int elf_map_segments(struct vmspace *vm, struct vnode *vp, const Elf64_Ehdr *eh,
    const Elf64_Phdr *ph, bool fixed, uint64_t bias, struct elf_map *em);

/*
 * vfs/core: the vnode's object for a mapping, with one reference that also
 * keeps the vnode; dropped with vm_object_drop.  ENODEV: it has none.
 */
int vnode_pager_object(struct vnode *vp, struct vm_object **objp);

extern int exec_aslr;
extern struct exec_loader exec_script_loader, exec_elf_loader;

#endif
