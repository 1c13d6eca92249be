/* SPDX-License-Identifier: BSD-3-Clause */
/* machine.h - what this machine offers; preflight.c judges it, tests make it up. */
#ifndef CTL_MACHINE_H
#define CTL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pw_conf.h"

enum ctl_pci {
	CTL_PCI_NONE, /* no such device */
	CTL_PCI_UNBOUND,
	CTL_PCI_BOUND,
};

struct ctl_machine {
	uint64_t hugepage_free_mb; /* of pages of any size */
	uint64_t available_mb; /* memory that can be had without swapping, cgroup limit included */
	uint64_t cores[PW_CONF_MAX_WORKERS]; /* bitmap of the cores this process may use */
	uint64_t caps;                       /* effective capabilities */
	uint64_t memlock_bytes, max_files;   /* limits; UINT64_MAX: none */
	bool has_sysfs, has_memfd;
	bool has_tun;      /* /dev/net/tun opens */
	bool has_vnet_hdr; /* and makes TAPs with a vnet header */
	bool has_vhost_net, has_vfio, has_iommu;
	bool has_xdp; /* the kernel knows AF_XDP sockets */
	/* Driver of a PCI device. */
	enum ctl_pci (*pci)(const char *address, char *driver, size_t size);
};
void ctl_machine_read(struct ctl_machine *machine);

static inline bool ctl_machine_has_core(const struct ctl_machine *machine, uint32_t core)
{
	return core < 64 * PW_CONF_MAX_WORKERS && (machine->cores[core / 64] >> (core % 64) & 1);
}

#endif
