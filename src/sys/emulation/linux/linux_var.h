/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to the Linux ABI: translations between its numbers and ours. */
#ifndef LINUX_VAR_H
#define LINUX_VAR_H

#include <sys/systm.h>
#include <sys/callfilter.h>
#include <sys/fcntl.h>
#include <sys/kern_calls.h>
#include <sys/proc.h>
#include <sys/syscall_util.h>
#include "linux_abi.h"
#include <linux64_sysproto.h>

/*
 * A structure that grows from release to release: the program's has usize bytes,
 * what it lacks is 0, what we do not know must be.  EFAULT, E2BIG.
 */
int linux_struct_in(uaddr_t from, size_t usize, void *to, size_t size);

/*
 * linux_netlink.c: a netlink socket's file, held (EBADF, ENOTSOCK, EINVAL), and
 * a message into its queue.
 */
struct file;
int linux_netlink_get(int fd, struct file **fpp);
void linux_netlink_post(struct file *fp, const void *data, size_t n);

/* linux_prctl_mm.c */
int linux_prctl_set_mm(
    struct lwp *lp, uint64_t op, uint64_t addr, uint64_t a4, uint64_t a5);
int linux_prctl_set_vma(
    struct lwp *lp, uint64_t op, uaddr_t addr, uint64_t len, uaddr_t name);
int linux_prctl_get_auxv(uaddr_t addr, size_t len, uint64_t *resp);

/* One row of a flag table: both sides may have several bits. */
struct flagmap {
	uint64_t fm_linux, fm_native;
};
/* Translate; *restp gets the bits that no row knows. */
uint64_t flags_in(
    const struct flagmap *fm, size_t n, uint64_t v, uint64_t *restp);
uint64_t flags_out(const struct flagmap *fm, size_t n, uint64_t v);

int linux_errno(int error); /* native -> Linux */
int linux_sig_in(int sig);  /* 0: no such signal */
int linux_sig_out(int sig); /* 0: Linux has none */
void linux_sigset_in(uint64_t set, sigset_t *out);
uint64_t linux_sigset_out(const sigset_t *set);
/* A user mask of setsize bytes; EINVAL for another size.  0: *maskp NULL. */
int linux_mask_in(
    uaddr_t umask, size_t setsize, sigset_t *set, const sigset_t **maskp);
void linux_siginfo_out(const ksiginfo_t *ksi, struct linux_siginfo *si);
struct filter_verdict linux_filter_answer(uint32_t answer);
void linux_filter_input(const struct lwp *lp, uint32_t nr, void *input);
int linux_seccomp_set(
    struct lwp *lp, uint64_t mode, uaddr_t prog, uint64_t *resp);
int linux_seccomp_mode(const struct lwp *lp); /* Linux's number */
/* An ioctl of a filter's listener: EBADF; ENOTTY, it is another file. */
int linux_seccomp_ioctl(int fd, uint32_t cmd, uaddr_t data, uint64_t *resp);
int linux_prot(struct lwp *lp, int prot); /* by its personality */
int linux_stop_code(int code); /* of a traced thread, native -> Linux */
int linux_siginfo_in(const struct linux_siginfo *si, ksiginfo_t *ksi);
/* A siginfo from a program, to process to: it may not pretend.  EPERM. */
int linux_info_in(
    const struct linux_siginfo *si, int sig, pid_t to, ksiginfo_t *ksi);
int linux_wait_status(int status); /* native -> Linux */
void linux_rusage_out(const struct rusage *ru, struct linux_rusage *lru);
int linux_open_flags(int flags); /* Linux -> native */
int linux_open_flags_out(int flags);
int linux_at_flags(int flags, int allowed, int *nativep); /* EINVAL */
int linux_clock(int clock); /* Linux -> native, -1: none */
uint64_t linux_dev_out(dev_t dev);
dev_t linux_dev_in(uint64_t dev);
int linux_sendsig(struct lwp *lp, const struct ksigaction *sa,
    const struct ksiginfo *ksi, const struct sigset *oldmask);

/* RWF_ flags of a transfer -> FOF_: EOPNOTSUPP. */
int linux_rwf_in(int flags, enum uio_rw rw, int *fofp);
/* poll's bits; asked: what the program wanted to hear of. */
uint32_t linux_poll_in(uint32_t l);
uint32_t linux_poll_out(uint32_t ev, uint32_t asked);

/* linux_vdso.c: the vDSO's pages, once; and abi_stack, which maps them. */
int linux_vdso_make(void);
int linux_stack(struct lwp *lp, struct image_params *img, uaddr_t *spp);

/* Out of the sequence that was interrupted: EFAULT, EINVAL. */
int linux_rseq_resume(struct lwp *lp);
void linux_resume(struct lwp *lp);

/* flags that eventfd, timerfd, signalfd, pipe2, epoll_create1 take. */
int linux_fd_flags(int flags, int *oflagsp); /* EINVAL */

/* --- linux_ptrace_regs.c: of a stopped lp ---------------------------------- */

void linux_regs_get(struct lwp *lp, struct linux_user_regs *r);
/* EIO: a value that user mode cannot have.  What came before it is set. */
int linux_regs_set(struct lwp *lp, const struct linux_user_regs *r, size_t len);
int linux_user_peek(struct lwp *lp, uint64_t off, uint64_t *valuep);
int linux_user_poke(struct lwp *lp, uint64_t off, uint64_t value);
/* type: LINUX_NT_; copies up to *lenp bytes and says how many. */
int linux_regset_get(
    struct lwp *lp, uint64_t type, uaddr_t buf, uint64_t *lenp);
int linux_regset_set(
    struct lwp *lp, uint64_t type, uaddr_t buf, uint64_t *lenp);

#endif
