/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pw_mul.h - 64 x 64 -> 128 bit multiplication, for hashes.
 *
 * On x86-64 by one instruction named as such: of an unsigned __int128 in a loop with many live values, gcc
 * 12 stores the halves to the stack and reads them back (4 instructions and a store's latency a hash).
 */
#ifndef PW_MUL_H
#define PW_MUL_H

#include <stdint.h>

/* The low half. */
static inline uint64_t pw_mul_wide(uint64_t a, uint64_t b, uint64_t *high)
{
#if defined(__x86_64__) && defined(__BMI2__)
	uint64_t low;

	__asm__("mulx %3, %0, %1" : "=r"(low), "=r"(*high) : "d"(a), "rm"(b));
	return low;
#elif defined(__x86_64__)
	uint64_t low;

	__asm__("mulq %3" : "=a"(low), "=d"(*high) : "%a"(a), "rm"(b) : "cc");
	return low;
#else
	unsigned __int128 product = (unsigned __int128)a * b;

	*high = (uint64_t)(product >> 64);
	return (uint64_t)product;
#endif
}

#endif
