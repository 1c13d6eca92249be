/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_netns.h - going into a pod's network namespace and back.
 *
 * setns(2) moves the calling thread only: this is for the plugin, which has one.
 * Lifetime: open, (enter, leave)*, close. Sockets made inside stay inside.
 */
#ifndef PW_CNI_NETNS_H
#define PW_CNI_NETNS_H

#include <stdbool.h>
#include <stdint.h>

#include "pw_err.h"

struct pw_cni_netns {
	int fd;      /* the pod's */
	int home_fd; /* the one we came from */
	bool own;    /* they are the same */
	uint64_t dev, inode;
};

/* 0; -ENOENT there is nothing; -EINVAL something else than a network namespace; -errno. */
int pw_cni_netns_open(struct pw_cni_netns *netns, const char *path, struct pw_err *err);
void pw_cni_netns_close(struct pw_cni_netns *netns); /* one never opened: zero it first; fine */
int pw_cni_netns_enter(struct pw_cni_netns *netns, struct pw_err *err);
int pw_cni_netns_leave(struct pw_cni_netns *netns, struct pw_err *err);

#endif
