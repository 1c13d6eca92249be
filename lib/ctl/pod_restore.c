/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pod_restore.c - pods that a daemon before this one attached.
 *
 * Their TAPs are persistent and wait in their namespaces. A thread of its own goes in (setns moves
 * one thread), makes sure that namespace, interface and MAC are those that were saved, takes the
 * TAP and ends. What is not as saved is not touched: that pod is lost, and its address free.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pod_priv.h"
#include "port_reg.h"
#include "pw_cni_link.h"
#include "pw_cni_netns.h"
#include "pw_cni_queue.h"

bool pod_sandbox_exists(const struct ctl_pod *pod)
{
	struct stat st;

	return stat(pod->netns, &st) == 0 && st.st_dev == pod->netns_dev &&
	       st.st_ino == pod->netns_inode;
}

/* ---- inside the namespace ---- */

struct visit {
	const struct ctl_pod *pod;
	int netns_fd;
	int tap_fd; /* the result, or -errno */
	struct pw_err *err;
};

static int check_link(const struct ctl_pod *pod, struct pw_err *err)
{
	struct pw_cni_link link;
	char mac[PW_MAC_STRLEN];
	int rc = pw_cni_link_open(&link, pod->ifname, err);

	if (rc != 0)
		return rc;
	rc = pw_cni_link_find(&link, err);
	if (rc == 0 && !link.tap)
		rc = pw_err_set(err, -EINVAL, "interface %s is no TAP", pod->ifname);
	if (rc == 0 && (uint32_t)link.ifindex != pod->ifindex)
		rc = pw_err_set(err, -EINVAL, "interface %s is another one (index %d, saved %u)",
			pod->ifname, link.ifindex, pod->ifindex);
	if (rc == 0 && !pw_mac_equal(&link.mac, &pod->mac))
		rc = pw_err_set(err, -EINVAL, "interface %s has another MAC (%s)", pod->ifname,
			pw_mac_format(&link.mac, mac));
	pw_cni_link_close(&link);
	return rc;
}

/* Flags must be those it was made with; only the number of queues may differ. */
static int take_tap(const struct ctl_pod *pod, struct pw_err *err)
{
	static const short flags[] = {IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
		IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), code = 0;

	if (fd < 0)
		return pw_err_set(err, -errno, "/dev/net/tun: %s", strerror(errno));
	for (unsigned i = 0; i < PW_ARRAY_SIZE(flags); i++) {
		struct ifreq ifr = {.ifr_flags = flags[i]};

		strncpy(ifr.ifr_name, pod->ifname, IFNAMSIZ - 1);
		if (ioctl(fd, TUNSETIFF, &ifr) == 0)
			return fd;
		code = -errno;
		if (code != -EINVAL)
			break;
	}
	close(fd);
	return pw_err_set(err, code, "interface %s cannot be taken: %s", pod->ifname,
		code == -EBUSY ? "another process has it" : strerror(-code));
}

static void *visit_main(void *arg)
{
	struct visit *visit = arg;

	if (setns(visit->netns_fd, CLONE_NEWNET) != 0) {
		visit->tap_fd = pw_err_set(visit->err, -errno, "setns: %s%s", strerror(errno),
			errno == EPERM ? " (CAP_SYS_ADMIN is needed)" : "");
		return NULL;
	}
	visit->tap_fd = check_link(visit->pod, visit->err);
	if (visit->tap_fd == 0)
		visit->tap_fd = take_tap(visit->pod, visit->err);
	return NULL;
}

int pod_open_tap(const struct ctl_pod *pod, struct pw_err *err)
{
	struct visit visit = {.pod = pod, .tap_fd = -EIO, .err = err};
	struct pw_cni_netns netns = {.fd = -1, .home_fd = -1};
	pthread_t thread;
	int rc = pw_cni_netns_open(&netns, pod->netns, err);

	if (rc != 0)
		return rc;
	if (netns.dev != pod->netns_dev || netns.inode != pod->netns_inode) {
		rc = pw_err_set(err, -ESTALE, "%s is another namespace now", pod->netns);
		goto out;
	}
	visit.netns_fd = netns.fd;
	rc = -pthread_create(&thread, NULL, visit_main, &visit);
	if (rc != 0) {
		pw_err_set(err, rc, "no thread: %s", strerror(-rc));
		goto out;
	}
	(void)pthread_join(thread, NULL);
	rc = visit.tap_fd;
out:
	pw_cni_netns_close(&netns);
	return rc;
}

/* ---- all of them ---- */

/* The address is the pod's own again if its lease is there, or can be had once more. */
static int claim_address(struct ctl_pod *pod, struct pw_err *err)
{
	if (pod->delegated ||
		pw_ipam_pool_find(pod->ctl->ipam, pod->container_id, pod->ifname) != NULL)
		return 0;
	return pw_err_set(err, -ENOENT, "its address is no longer leased to it");
}

static void restore(struct ctl_pod *pod)
{
	char label[384], mac[PW_MAC_STRLEN];
	struct pw_err err = {0};
	int rc = claim_address(pod, &err), fd = -1;

	pod_enter(pod, CTL_POD_UP);
	pod->watched = strncmp(pod->netns, "/proc/", 6) != 0;
	if (rc == 0)
		fd = pod_open_tap(pod, &err);
	if (fd < 0) {
		pod_lose(pod, err.msg);
		return;
	}
	rc = pod_open_port(pod, fd, &err);
	if (rc != 0) {
		close(fd);
		pod_lose(pod, err.msg);
		return;
	}
	pw_info(POD_LOG, "%s is back: port %s, MAC %s", pod_label(pod, label, sizeof(label)),
		pod->port_name, pw_mac_format(&pod->mac, mac));
}

/* A DEL that the plugin could not bring to us: the interface it took care of itself. */
static int replay_del(void *arg, const char *container_id, const char *ifname, const char *network)
{
	struct pw_ctl *ctl = arg;
	struct pw_err err = {0};

	(void)pod_state_remove(ctl, container_id, ifname);
	if (pw_ipam_pool_free(ctl->ipam, container_id, ifname, NULL, &err) != 0) {
		pw_error(POD_LOG, "queued DEL of %s: %s", container_id, err.msg);
		return err.code;
	}
	pw_info(POD_LOG, "queued DEL of %.13s (%s) carried out", container_id, ifname);
	return 0;
}

/* Leases without a pod: the daemon died between cni.prepare and cni.attach, or inside cni.del. */
static void free_orphans(struct pw_ctl *ctl)
{
	uint32_t i = 0;

	while (i < pw_ipam_pool_count(ctl->ipam)) {
		const struct pw_ipam_lease *lease = pw_ipam_pool_at(ctl->ipam, i);

		if (ctl_pod_find(ctl, lease->container_id, lease->ifname) != NULL ||
			pw_ipam_pool_free(
				ctl->ipam, lease->container_id, lease->ifname, NULL, NULL) != 0)
			i++;
	}
}

int pod_restore_all(struct pw_ctl *ctl, struct pw_err *err)
{
	int rc = pw_cni_queue_replay(ctl->conf->state_dir, replay_del, ctl, err);

	if (rc < 0)
		pw_error(POD_LOG, "queued DELs: %s", err->msg);
	rc = pod_state_load(ctl, restore, err);
	if (rc == 0)
		free_orphans(ctl);
	return rc;
}
