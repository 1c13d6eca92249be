/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_file.h - whole-file reads and writes that are never seen half-done.
 *
 * Threads:  any; callers serialise writers of one path.
 */
#ifndef PW_FILE_H
#define PW_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads a whole file of at most max_bytes; *data is malloc'ed and NUL-terminated.
 * 0, -EFBIG if larger, or -errno. */
int pw_file_read(const char *path, size_t max_bytes, char **data, size_t *len);
/* path.tmp + fsync + rename + fsync of the folder: the old content or the new, never less.
 * 0 or -errno; the temporary file is removed on error. */
int pw_file_write_atomic(const char *path, const void *data, size_t len, mode_t mode);
/* The same without waiting for the disk, for what is void after a reboot: a process that dies at any
 * point leaves the old content or the new one; a machine that does may leave an empty file. */
int pw_file_write_quick(const char *path, const void *data, size_t len, mode_t mode);
/* mkdir -p; existing folders are fine. 0 or -errno. */
int pw_file_mkdirs(const char *path, mode_t mode);

#endif
