/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_version.h - the versions of the CNI specification this plugin speaks.
 *
 * Threads:  pure functions over a const table.
 */
#ifndef PW_CNI_VERSION_H
#define PW_CNI_VERSION_H

enum pw_cni_version { /* in order: compare with < */
	PW_CNI_0_1_0,
	PW_CNI_0_2_0,
	PW_CNI_0_3_0,
	PW_CNI_0_3_1,
	PW_CNI_0_4_0,
	PW_CNI_1_0_0,
	PW_CNI_1_1_0,
};
#define PW_CNI_N_VERSIONS  (PW_CNI_1_1_0 + 1)
#define PW_CNI_NEWEST      PW_CNI_1_1_0
#define PW_CNI_VERSION_ALL "0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"

const char *pw_cni_version_name(enum pw_cni_version version);
/* 0, or -EINVAL for text that is none of them. */
int pw_cni_version_parse(const char *text, enum pw_cni_version *version);

#endif
