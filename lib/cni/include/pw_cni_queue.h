/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_queue.h - DELs that came while the daemon was away.
 *
 * kubelet repeats a DEL that fails for ever and cannot remove the pod until then; so the plugin
 * says yes, and leaves a file for the daemon, which does the rest when it starts:
 *
 *     <state dir>/deletes/<container id>@<ifname>.json    {version, container_id, ifname, network}
 *
 * Threads:  any; files of different attachments do not meet.
 */
#ifndef PW_CNI_QUEUE_H
#define PW_CNI_QUEUE_H

#include "pw_err.h"

#define PW_CNI_QUEUE_DIR "deletes"

/* Names must be valid (pw_cni_env_read checks them). 0 or -errno. */
int pw_cni_queue_put(const char *state_dir, const char *container_id, const char *ifname,
	const char *network, struct pw_err *err);
/* 0 also if there is none. */
int pw_cni_queue_remove(
	const char *state_dir, const char *container_id, const char *ifname, struct pw_err *err);

/* The daemon's side: done(arg, ..) returns 0 when that DEL has been carried out; its file is then
 * removed, otherwise it stays for the next time. A file that cannot be read is renamed to *.corrupt
 * and named in the log. Returns how many were carried out, or -errno. */
typedef int pw_cni_queue_fn(
	void *arg, const char *container_id, const char *ifname, const char *network);
int pw_cni_queue_replay(
	const char *state_dir, pw_cni_queue_fn *done, void *arg, struct pw_err *err);

#endif
