/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a native program without a C library has: the call stubs, its start, and
 * a few helpers for strings and output.
 *
 * A program defines main; argv and envp are the kernel's.  out_ functions write
 * to descriptor 1 through a buffer that is flushed at exit, err_ ones to
 * descriptor 2 at once.
 */
#ifndef START_H
#define START_H

#include <sys/types.h>
#include <sys/errno.h>
#include <native_stubs.h>

int main(int argc, char **argv, char **envp);
void exit(int status) __noreturn;

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
void *memcpy(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
/* Cut to fit; the length of the whole. */
size_t str_join(
    char *dst, size_t size, const char *a, const char *b, const char *c);
/* A whole decimal number with an optional sign: 0 and *vp, or -1. */
int str_number(const char *s, int64_t *vp);
const char *str_error(int error);
const char *base_name(const char *path);
/* The value of name in envp, or NULL. */
const char *env_get(char *const *envp, const char *name);

/* printf's %s %d %u %x %c %%, with l, a width and '-'. */
void out_printf(const char *fmt, ...) __printflike(1, 2);
void out_write(const void *p, size_t n);
void out_flush(void);
void err_printf(const char *fmt, ...) __printflike(1, 2);

#endif
