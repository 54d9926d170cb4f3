/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions of the DSP extension that the kernels use, one function each. Defining MN_DSP_INTRINSICS_H before
 * this file is included replaces them all: the tests run the DSP kernels on a host that way, under sanitizers. */
#ifndef MN_DSP_INTRINSICS_H
#define MN_DSP_INTRINSICS_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP)

/* (b0, b2) of four bytes, sign-extended to 16 bits. */
static inline uint32_t mn_sxtb16(uint32_t bytes)
{
    uint32_t halves;
    __asm__("sxtb16 %0, %1" : "=r"(halves) : "r"(bytes));
    return halves;
}

/* (b1, b3) of four bytes, sign-extended to 16 bits. */
static inline uint32_t mn_sxtb16_odd(uint32_t bytes)
{
    uint32_t halves;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(bytes));
    return halves;
}

/* Both halves of `sums` plus (b0, b2) of four bytes. */
static inline uint32_t mn_sxtab16(uint32_t sums, uint32_t bytes)
{
    __asm__("sxtab16 %0, %0, %1" : "+r"(sums) : "r"(bytes));
    return sums;
}

/* Both halves of `sums` plus (b1, b3) of four bytes. */
static inline uint32_t mn_sxtab16_odd(uint32_t sums, uint32_t bytes)
{
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sums) : "r"(bytes));
    return sums;
}

/* Sums of the halves of a and b. */
static inline uint32_t mn_sadd16(uint32_t a, uint32_t b)
{
    uint32_t sums;
    __asm__("sadd16 %0, %1, %2" : "=r"(sums) : "r"(a), "r"(b));
    return sums;
}

/* Halves of a less those of b. */
static inline uint32_t mn_ssub16(uint32_t a, uint32_t b)
{
    uint32_t differences;
    __asm__("ssub16 %0, %1, %2" : "=r"(differences) : "r"(a), "r"(b));
    return differences;
}

/* The low half of a, and above it the low half of b. */
static inline uint32_t mn_pkhbt(uint32_t a, uint32_t b)
{
    uint32_t halves;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(halves) : "r"(a), "r"(b));
    return halves;
}

/* The high half of b, and above it the high half of a. */
static inline uint32_t mn_pkhtb(uint32_t a, uint32_t b)
{
    uint32_t halves;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(halves) : "r"(a), "r"(b));
    return halves;
}

/* sum + low a * low b + high a * high b, halves of 16 bits. */
static inline int32_t mn_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t result;
    __asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

/* The upper 32 bits of a * b + (c << 32), rounded to nearest, halves up. */
static inline int32_t mn_smmlar(int32_t a, int32_t b, int32_t c)
{
    __asm__("smmlar %0, %0, %1, %2" : "+r"(a) : "r"(b), "r"(c));
    return a;
}

/* Half of x, rounded down, clamped to int8. */
static inline int32_t mn_saturated_half(int32_t x)
{
    __asm__("ssat %0, #8, %0, asr #1" : "+r"(x));
    return x;
}

/* The larger of each of four bytes: SSUB8 leaves in the GE flags which of `a` are, SEL takes those. */
static inline uint32_t mn_max8(uint32_t a, uint32_t b)
{
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
    return result;
}

#endif
#endif
