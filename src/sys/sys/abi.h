/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A personality of user programs.  Tables come from syscalls.master through
 * the generator; handlers live in emulation/NAME or kern/syscall (native).
 */
#ifndef SYS_ABI_H
#define SYS_ABI_H

#include <sys/types.h>
#include <sys/callfilter.h>
#include <sys/queue.h>
#include <vm/vm.h>

struct image_params;
struct ksigaction;
struct ksiginfo;
struct lwp;
struct path;
struct sigset;
struct trapframe;
struct ucred;
struct vmspace;
struct vnode;

/* args: the decoded words; *resp starts 0.  Returns native errno or 0. */
typedef int (*syscall_fn)(struct lwp *lp, const void *args, uint64_t *resp);

struct sysent {
	syscall_fn se_call; /* NULL: ENOSYS */
	const char *se_name;
	const char *se_args; /* "int fd,void *buf,size_t n" for tracing */
	uint8_t se_nargs;
	uint8_t se_state; /* SE_FULL ... */
	uint8_t se_flags; /* SEF_ */
};
enum {
	SE_ABSENT,
	SE_PARTIAL,
	SE_FULL
};
#define SEF_NORESTART 0x1 /* EINTR after a handler whatever SA_RESTART says */
#define SEF_NORETURN  0x2 /* sets the frame itself (sigreturn, exec) */

struct abi {
	const char *abi_name;
	const struct sysent *abi_sysent;
	uint32_t abi_nsys;
	uint32_t *abi_failures; /* (atomic) calls that ended with an errno */
	/* Number and six arguments from the frame; NULL: frame_syscall. */
	void (*abi_fetch)(
	    struct trapframe *tf, uint32_t *nrp, uint64_t args[6]);
	/* Put error (0: res) into the frame.  ERESTART backs the ip up. */
	void (*abi_result)(struct trapframe *tf, int error, uint64_t res);
	/* Build the handler's frame on the user stack: 0 or EFAULT. */
	int (*abi_sendsig)(struct lwp *lp, const struct ksigaction *sa,
	    const struct ksiginfo *ksi, const struct sigset *oldmask);
	/* lw_rseq_event is set, and user mode near.  NULL: never. */
	void (*abi_resume)(struct lwp *lp);
	/* What a tracer sees as result of a call that is to be made again, for
	 * ERESTART or ERESTARTNOHAND; and back: 0 for anything else.  NULL:
	 * it sees the call as not yet made. */
	uint64_t (*abi_restart_show)(int error);
	int (*abi_restart_kind)(uint64_t result);
	/* What call filters see, and what their answers mean.  NULL: a
	 * program that has filters cannot run under this ABI. */
	void (*abi_filter_input)(
	    const struct lwp *lp, uint32_t nr, void *input);
	struct filter_verdict (*abi_filter_answer)(uint32_t answer);
	int (*abi_signo_out)(int native); /* for wait status, siginfo */
	/* exec: put argv, envp and the auxiliary vector on the stack. */
	int (*abi_stack)(
	    struct lwp *lp, struct image_params *img, uaddr_t *spp);
	const char *abi_sysname, *abi_release, *abi_root; /* uname; "" */
	uint32_t abi_flags;
};

#define ABIF_SIGIO_KILLS 0x1 /* SIGIO's default is to terminate */
#define ABIF_VDSO_ELF	 0x2 /* img_vdso is an ELF file: AT_SYSINFO_EHDR */

extern const struct abi abi_native, abi_linux64;

/* --- exec ------------------------------------------------------------------ */

#define AUX_MAX	  28 /* pairs that a program may have, with AT_NULL */
#define AUX_BYTES (AUX_MAX * 2 * sizeof(uint64_t))
struct image_params {
	struct path *img_file;	 /* being executed */
	struct vnode *img_vnode; /* of img_file */
	struct vmspace *img_vm;	 /* the new address space */
	char img_head[4096];	 /* first bytes, zero padded */
	size_t img_head_len;
	struct lwp *img_lwp;
	const char *img_path;	/* as given, or by which dirfd is reached */
	const char *img_lookup; /* what to look up */
	int img_dirfd, img_atflags;
	char *img_strings; /* argv then envp, NUL separated */
	size_t img_args_len, img_env_len;
	int img_argc, img_envc;
	const struct abi *img_abi; /* chosen by the loader */
	uaddr_t img_entry, img_interp_base, img_phdr, img_stack_top, img_base;
	uint32_t img_phnum, img_phent;
	char img_interp[256];	  /* #! or PT_INTERP */
	uint64_t img_secure;	  /* AT_SECURE */
	struct ucred *img_cred;	  /* of the new program */
	uaddr_t img_vdso;	  /* code page of the ABI, or 0 */
	uaddr_t img_vvar;	  /* the clock page below it, or 0 */
	uaddr_t img_start;	  /* first instruction: the interpreter's */
	uint64_t img_stack_bytes; /* of the initial stack mapping */
	int img_depth;		  /* #! levels so far */
	uaddr_t img_layout[VL_COUNT];
	bool img_exec_stack;
	uint64_t img_auxv[AUX_MAX * 2];
	size_t img_auxv_len; /* bytes */
};
struct exec_loader {
	const char *el_name;
	/* ENOEXEC: not mine.  May replace the image (#!) with EX_AGAIN. */
	int (*el_load)(struct image_params *img);
	TAILQ_ENTRY(exec_loader) el_link;
};
#define EX_AGAIN (-10)
void exec_loader_register(struct exec_loader *el);
/* The abi_stack of every 64-bit ABI: System V's initial stack. */
int exec_stack_64(struct lwp *lp, struct image_params *img, uaddr_t *spp);

#endif
