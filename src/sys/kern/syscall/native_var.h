/* SPDX-License-Identifier: BSD-2-Clause */
/* Private to the native ABI. */
#ifndef NATIVE_VAR_H
#define NATIVE_VAR_H

#include <sys/systm.h>
#include <sys/fcntl.h>
#include <sys/kern_calls.h>
#include <sys/native.h>
#include <sys/proc.h>
#include <sys/syscall_util.h>
#include <native_sysproto.h>

void native_siginfo_out(const ksiginfo_t *ksi, struct native_siginfo *si);
int native_sendsig(struct lwp *lp, const struct ksigaction *sa,
    const struct ksiginfo *ksi, const struct sigset *oldmask);

#endif
