/* SPDX-License-Identifier: Apache-2.0 */
/* Products of 32-bit numbers by the means of the core. Every core gets the same result in every bit. */
#ifndef MN_MUL_HIGH_H
#define MN_MUL_HIGH_H

#include <stdint.h>

/* The upper 32 bits of a x b, rounded down. */
static inline int32_t mn_mul_high(int32_t a, int32_t b)
{
#if defined(__ARM_ARCH_6M__) || defined(MN_NO_LONG_MULTIPLY) /* no 32 x 32 -> 64 instruction: four of 16 x 16 */
    const uint32_t a_low = (uint32_t)a & 0xffffu, b_low = (uint32_t)b & 0xffffu;
    const int32_t a_high = a >> 16, b_high = b >> 16;
    const int32_t carry = a_high * (int32_t)b_low + (int32_t)((a_low * b_low) >> 16);
    const int32_t middle = (int32_t)a_low * b_high + (int32_t)((uint32_t)carry & 0xffffu);
    return a_high * b_high + (carry >> 16) + (middle >> 16);
#else
    return (int32_t)(((int64_t)a * b) >> 32);
#endif
}

/* a x b / 2^32, rounded down, of a 64-bit and a 32-bit number. */
static inline uint64_t mn_scaled(uint64_t a, uint32_t b)
{
    return (a >> 32) * b + (((a & 0xffffffffu) * b) >> 32);
}

#endif
