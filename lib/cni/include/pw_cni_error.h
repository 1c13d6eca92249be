/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_cni_error.h - the error a CNI plugin answers: code, message, details (CNI SPEC, "Errors").
 *
 * Functions of lib/cni that can end an invocation fill one and return -EPROTO: what went wrong is
 * in the struct, the return value only says that something did.
 * Threads:  the caller owns the struct.
 */
#ifndef PW_CNI_ERROR_H
#define PW_CNI_ERROR_H

#include <stddef.h>

#include "pw_err.h"

/* 0-99 are the specification's; from 100 on they are podway's own (docs/cni.md lists them). */
enum pw_cni_code {
	PW_CNI_E_VERSION = 1,      /* cniVersion or command not for this version */
	PW_CNI_E_UNSUPPORTED = 2,  /* a field we cannot honour: message has key and value */
	PW_CNI_E_ENV = 4,          /* environment variables */
	PW_CNI_E_IO = 5,           /* stdin, stdout */
	PW_CNI_E_DECODE = 6,       /* not JSON */
	PW_CNI_E_CONFIG = 7,       /* network configuration: message has key and value */
	PW_CNI_E_NETNS = 8,        /* CNI_NETNS is no usable network namespace */
	PW_CNI_E_TRY_LATER = 11,   /* the daemon does not answer, or is busy */
	PW_CNI_E_NOT_READY = 50,   /* STATUS: no ADD can succeed now */
	PW_CNI_E_DIFFERS = 100,    /* CHECK: what is there is not what ADD made */
	PW_CNI_E_EXISTS = 101,     /* interface or attachment is there already */
	PW_CNI_E_NO_ADDRESS = 102, /* no address free, or the requested one is not to be had */
	PW_CNI_E_PLUMBING = 103,   /* the kernel refused a step inside the pod's namespace */
	PW_CNI_E_DAEMON = 104,     /* the daemon refused for another reason */
	PW_CNI_E_INTERNAL = 999,   /* Go's generic code: anything without a better one */
};

struct pw_cni_error {
	int code; /* enum pw_cni_code, or a delegated plugin's; 0 = none */
	char msg[512];
	char details[512]; /* "" : left out */
};

/* Sets code and message, clears the details; returns -EPROTO. */
int pw_cni_fail(struct pw_cni_error *error, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with "what: err->msg" as the message. */
int pw_cni_fail_err(
	struct pw_cni_error *error, int code, const char *what, const struct pw_err *err);
/* Adds a hint for the reader; returns -EPROTO. */
int pw_cni_fail_details(struct pw_cni_error *error, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Bytes that are no UTF-8 become '?': the messages quote what others sent, and go into JSON. */
void pw_cni_error_clean(struct pw_cni_error *error);

#endif
