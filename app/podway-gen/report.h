/* SPDX-License-Identifier: BSD-3-Clause */
/* report.h - podway-gen report [--html FILE] [--markdown FILE] RESULT.json.. */
#ifndef REPORT_H
#define REPORT_H

int report_main(int argc, char **argv); /* the exit code */

#endif
