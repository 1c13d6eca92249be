/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pw_util.h"
#include "xdp_prog.h"

#define PROG_NAME "podway_xsk"

/* return bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_DROP); a queue that has no socket yet,
 * or no more, is not for the node's stack, which would answer in our name. */
static int load(struct xdp_prog *prog, struct pw_err *err)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_LDX | BPF_MEM | BPF_W,
			.dst_reg = BPF_REG_2,
			.src_reg = BPF_REG_1,
			.off = offsetof(struct xdp_md, rx_queue_index)},
		{.code = BPF_LD | BPF_IMM | BPF_DW,
			.dst_reg = BPF_REG_1,
			.src_reg = BPF_PSEUDO_MAP_FD,
			.imm = prog->map_fd},
		{0}, /* second half of the one before */
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_DROP},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
		{.code = BPF_JMP | BPF_EXIT},
	};

	prog->prog_fd = bpf_prog_load(
		BPF_PROG_TYPE_XDP, PROG_NAME, "Dual BSD/GPL", insns, PW_ARRAY_SIZE(insns), NULL);
	if (prog->prog_fd >= 0)
		return 0;
	return pw_err_set(err, -errno, "loading the XDP program: %s%s", strerror(errno),
		errno == EPERM ? ": CAP_BPF and CAP_NET_ADMIN are needed" : "");
}

static int make_map(struct xdp_prog *prog, uint32_t n_queues, struct pw_err *err)
{
	prog->map_fd = bpf_map_create(
		BPF_MAP_TYPE_XSKMAP, PROG_NAME, sizeof(uint32_t), sizeof(uint32_t), n_queues, NULL);
	if (prog->map_fd >= 0)
		return 0;
	return pw_err_set(err, -errno, "map of AF_XDP sockets: %s%s", strerror(errno),
		errno == EPERM ? ": CAP_BPF is needed" : "");
}

static void name_of(uint32_t id, struct bpf_prog_info *info)
{
	int fd = bpf_prog_get_fd_by_id(id);
	uint32_t len = sizeof(*info);

	*info = (struct bpf_prog_info){0};
	if (fd < 0)
		return;
	(void)bpf_obj_get_info_by_fd(fd, info, &len);
	close(fd);
}

static int refuse_other(
	const char *name, const struct bpf_xdp_query_opts *on_it, struct pw_err *err)
{
	uint32_t id = on_it->prog_id;
	struct bpf_prog_info info;

	if (id == 0) /* in several modes at once */
		id = on_it->drv_prog_id != 0   ? on_it->drv_prog_id
		     : on_it->skb_prog_id != 0 ? on_it->skb_prog_id
					       : on_it->hw_prog_id;
	name_of(id, &info);
	return pw_err_set(err, -EBUSY,
		"interface %s has an XDP program already (%s, id %u), which stays: take it off (ip "
		"link set %s xdp off, or end who put it there), or choose another interface",
		name, info.name[0] != '\0' ? info.name : "no name", id, name);
}

static int check_free(const char *name, const struct netif *netif, struct pw_err *err)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, on_it);
	int rc = bpf_xdp_query(netif->index, 0, &on_it);

	if (rc < 0)
		return pw_err_set(err, rc, "interface %s: asking for its XDP program: %s", name,
			strerror(-rc));
	return on_it.attach_mode == XDP_ATTACHED_NONE ? 0 : refuse_other(name, &on_it, err);
}

static int attach_error(const char *name, const struct netif *netif, int code, struct pw_err *err)
{
	switch (code) {
	case -EBUSY:
	case -EEXIST:
		return pw_err_set(err, -EBUSY,
			"interface %s got an XDP program of somebody else just now", name);
	case -ERANGE:
		return pw_err_set(err, code,
			"interface %s: the MTU of its other end is too large for XDP: %u at most",
			name, XDP_PROG_MTU_MAX);
	case -ENOSPC:
		return pw_err_set(err, code,
			"interface %s: its other end has more tx queues than it has rx queues: "
			"ethtool -L %s rx N, and as many queues for the port",
			name, name);
	case -EOPNOTSUPP:
	case -EINVAL:
		return pw_err_set(err, -EOPNOTSUPP,
			"interface %s: its driver (%s) has no native XDP; generic (skb) mode is "
			"not used, type af_packet is faster",
			name, netif->driver[0] != '\0' ? netif->driver : "unknown");
	default:
		return pw_err_set(err, code, "interface %s: attaching the XDP program: %s", name,
			strerror(-code));
	}
}

static int attach(
	struct xdp_prog *prog, const char *name, const struct netif *netif, struct pw_err *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);

	prog->link_fd = bpf_link_create(prog->prog_fd, netif->index, BPF_XDP, &opts);
	return prog->link_fd < 0 ? attach_error(name, netif, -errno, err) : 0;
}

int xdp_prog_attach(struct xdp_prog *prog, const char *name, const struct netif *netif,
	uint32_t n_queues, struct pw_err *err)
{
	int rc = check_free(name, netif, err);

	*prog = (struct xdp_prog){-1, -1, -1};
	if (rc == 0)
		rc = make_map(prog, n_queues, err);
	if (rc == 0)
		rc = load(prog, err);
	if (rc == 0)
		rc = attach(prog, name, netif, err);
	if (rc < 0)
		xdp_prog_detach(prog);
	return rc;
}

int xdp_prog_set_socket(struct xdp_prog *prog, uint32_t queue, int fd, struct pw_err *err)
{
	if (bpf_map_update_elem(prog->map_fd, &queue, &fd, BPF_ANY) == 0)
		return 0;
	return pw_err_set(err, -errno, "queue %u: entering its socket: %s", queue, strerror(errno));
}

void xdp_prog_detach(struct xdp_prog *prog)
{
	const int fds[] = {prog->link_fd, prog->prog_fd, prog->map_fd};

	for (size_t i = 0; i < PW_ARRAY_SIZE(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	*prog = (struct xdp_prog){-1, -1, -1};
}
