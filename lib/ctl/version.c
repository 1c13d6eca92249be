/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_version.h>

#include "pw_ctl.h"
#include "version_conf.h"

void pw_ctl_version(struct pw_ctl_version *version)
{
	*version = (struct pw_ctl_version){
		.version = PW_VERSION,
		.march = PW_MARCH,
		.compiler = PW_COMPILER,
		.dpdk = rte_version() + strlen("DPDK "),
	};
}
