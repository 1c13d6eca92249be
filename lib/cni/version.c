/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "pw_cni_version.h"
#include "pw_util.h"

static const char *const names[] = {
	[PW_CNI_0_1_0] = "0.1.0",
	[PW_CNI_0_2_0] = "0.2.0",
	[PW_CNI_0_3_0] = "0.3.0",
	[PW_CNI_0_3_1] = "0.3.1",
	[PW_CNI_0_4_0] = "0.4.0",
	[PW_CNI_1_0_0] = "1.0.0",
	[PW_CNI_1_1_0] = "1.1.0",
};
static_assert(PW_ARRAY_SIZE(names) == PW_CNI_N_VERSIONS, "a name for each version");

const char *pw_cni_version_name(enum pw_cni_version version)
{
	return names[version];
}

int pw_cni_version_parse(const char *text, enum pw_cni_version *version)
{
	for (unsigned i = 0; i < PW_CNI_N_VERSIONS; i++) {
		if (strcmp(text, names[i]) == 0) {
			*version = i;
			return 0;
		}
	}
	return -EINVAL;
}
