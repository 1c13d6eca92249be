/* SPDX-License-Identifier: BSD-3-Clause */
#include "vhost_kick.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int add(int set, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};

	return epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : -errno;
}

int vhost_kick_init(struct vhost *v)
{
	int rc;

	for (uint16_t i = 0; i < PW_PORT_MAX_QUEUES; i++) {
		v->kick_fd[i] = -1;
		v->queues[i].wait_fd = -1;
	}
	v->changed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (v->changed_fd < 0)
		return -errno;
	for (uint16_t q = 0; q < v->port->n_rxq; q++) {
		v->queues[q].wait_fd = epoll_create1(EPOLL_CLOEXEC);
		if (v->queues[q].wait_fd < 0)
			return -errno;
		rc = add(v->queues[q].wait_fd, v->changed_fd);
		if (rc != 0)
			return rc;
	}
	return 0;
}

void vhost_kick_fini(struct vhost *v)
{
	for (uint16_t i = 0; i < PW_PORT_MAX_QUEUES; i++) {
		if (v->kick_fd[i] >= 0)
			close(v->kick_fd[i]);
		if (v->queues[i].wait_fd >= 0)
			close(v->queues[i].wait_fd);
	}
	if (v->changed_fd >= 0)
		close(v->changed_fd);
}

/* To wait for other kinds may mean to wait for who serves them. */
static bool is_eventfd(int fd)
{
	static const char kind[] = "anon_inode:[eventfd]";
	char path[64], target[sizeof(kind) + 1];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, target, sizeof(target));
	return len == sizeof(kind) - 1 && memcmp(target, kind, sizeof(kind) - 1) == 0;
}

/* A duplicate, so that it leaves the set when we say so, not when librte_vhost closes it. */
static int duplicate(int vid, uint16_t ring)
{
	struct rte_vhost_vring vring = {.kickfd = -1};

	if (rte_vhost_get_vhost_vring(vid, ring, &vring) < 0 || vring.kickfd < 0 ||
		!is_eventfd(vring.kickfd))
		return -1;
	return fcntl(vring.kickfd, F_DUPFD_CLOEXEC, 0);
}

static void renew_pair(struct vhost *v, int vid, uint16_t pair)
{
	int set = v->queues[pair % v->port->n_rxq].wait_fd, *fd = &v->kick_fd[pair];
	bool used = vid != VHOST_NO_VID &&
		    (__atomic_load_n(&v->enabled, __ATOMIC_RELAXED) >> RING_FROM_GUEST(pair) & 1);

	if (*fd >= 0) {
		(void)epoll_ctl(set, EPOLL_CTL_DEL, *fd, NULL);
		close(*fd);
	}
	*fd = used ? duplicate(vid, RING_FROM_GUEST(pair)) : -1;
	if (*fd >= 0 && add(set, *fd) != 0) {
		close(*fd);
		*fd = -1;
	}
	if (used && *fd < 0)
		__atomic_or_fetch(&v->deaf, UINT32_C(1) << pair, __ATOMIC_RELAXED);
	else
		__atomic_and_fetch(&v->deaf, ~(UINT32_C(1) << pair), __ATOMIC_RELAXED);
}

void vhost_kick_renew(struct vhost *v, int vid)
{
	for (uint16_t pair = 0; pair < PW_PORT_MAX_QUEUES; pair++)
		renew_pair(v, vid, pair);
	(void)eventfd_write(v->changed_fd, 1);
}

int vhost_kick_fd(const struct vhost *v, uint16_t queue)
{
	return v->queues[queue].wait_fd;
}

/* Both ways; the rings of its pairs. librte_vhost writes to the guest under the ring's lock. */
static void notify(struct vhost *v, uint16_t queue, int enable)
{
	int vid = __atomic_load_n(&v->vid, __ATOMIC_ACQUIRE);
	uint32_t enabled = __atomic_load_n(&v->enabled, __ATOMIC_RELAXED);

	if (vid == VHOST_NO_VID)
		return;
	for (uint16_t pair = queue; pair < PW_PORT_MAX_QUEUES; pair += v->port->n_rxq) {
		if (enabled & (UINT32_C(1) << RING_FROM_GUEST(pair)))
			(void)rte_vhost_enable_guest_notification(
				vid, RING_FROM_GUEST(pair), enable);
	}
}

static bool is_deaf(const struct vhost *v, uint16_t queue)
{
	uint32_t deaf = __atomic_load_n(&v->deaf, __ATOMIC_RELAXED);

	for (uint16_t pair = queue; deaf != 0 && pair < PW_PORT_MAX_QUEUES;
		pair += v->port->n_rxq) {
		if (deaf >> pair & 1)
			return true;
	}
	return false;
}

bool vhost_kick_arm(struct vhost *v, uint16_t queue)
{
	struct epoll_event events[PW_PORT_MAX_QUEUES + 1];

	/* Old edges go first: a change after this is told by a new one. */
	(void)epoll_wait(v->queues[queue].wait_fd, events, PW_PORT_MAX_QUEUES + 1, 0);
	notify(v, queue, 1);
	return !is_deaf(v, queue);
}

void vhost_kick_disarm(struct vhost *v, uint16_t queue)
{
	notify(v, queue, 0);
}
