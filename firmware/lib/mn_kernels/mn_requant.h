/* SPDX-License-Identifier: Apache-2.0 */
/* TFLite's integer requantization: acc * multiplier * 2^(shift - 31) in two roundings.
 *
 * `multiplier` is 0 or in [2^30, 2^31) (MEAN also has smaller ones), `shift` in [-31, 30]; a positive
 * shift shifts the accumulator left first. Right shifts of negative numbers are arithmetic in every
 * compiler we build with; the host tests would detect one where they are not.
 */
#ifndef MN_REQUANT_H
#define MN_REQUANT_H

#include <stdint.h>

/* The parameters that turn one output channel's accumulator into its int8 value. `bias` has the input's zero point
 * folded in: bias - zero_point_x * sum(weights of the channel). */
typedef struct {
    int32_t bias;
    int32_t multiplier;
    int32_t shift;
} mn_channel;

/* Cores without a multiplication of 32 by 32 to 64 bits: the compiler would call a routine for it. */
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
#define MN_MULTIPLY_BY_HALVES 1
#else
#define MN_MULTIPLY_BY_HALVES 0
#endif

/* mn_high_multiply by four products of 16-bit halves. With a = ah * 2^16 + al, and b alike, the middle product is
 * carried in two steps, so that neither overflows; of al * bl only the upper half can reach the result. */
static inline int32_t mn_high_multiply_by_halves(int32_t a, int32_t b)
{
    const int32_t ah = a >> 16, bh = b >> 16;
    const int32_t al = (int32_t)((uint32_t)a & 0xffffu), bl = (int32_t)((uint32_t)b & 0xffffu);
    const int32_t carried = (int32_t)(((uint32_t)al * (uint32_t)bl) >> 16);
    const int32_t middle = ah * bl + carried;
    const int32_t rest = al * bh + (int32_t)((uint32_t)middle & 0xffffu);
    const uint32_t high = (uint32_t)(ah * bh + (middle >> 16));
    return (int32_t)(2 * high + (uint32_t)((rest + (1 << 14)) >> 15));
}

/* High 32 bits of 2ab, rounded. The reference rounds halves away from zero with a nudge that depends on
 * the sign and a truncating division; written as a floor, both signs have the same nudge. No caller squares
 * INT32_MIN, the one product that would saturate. */
static inline int32_t mn_high_multiply(int32_t a, int32_t b)
{
    if (MN_MULTIPLY_BY_HALVES) {
        return mn_high_multiply_by_halves(a, b);
    }
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* x / 2^exponent, halves away from zero; exponent in 0..31, x between INT32_MIN and INT32_MAX but neither of
 * the two. Negative numbers less one unit round their halves down by the same floor as positive ones up. */
static inline int32_t mn_divide_by_power(int32_t x, int32_t exponent)
{
    return exponent == 0 ? x : (((x + (x >> 31)) >> (exponent - 1)) + 1) >> 1;
}

static inline int32_t mn_requant(int32_t acc, int32_t multiplier, int32_t shift)
{
    if (shift > 0) {
        acc = (int32_t)((uint32_t)acc << shift); /* wraps, as the reference does */
        return mn_high_multiply(acc, multiplier);
    }
    return mn_divide_by_power(mn_high_multiply(acc, multiplier), -shift);
}

static inline int32_t mn_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : (value > high ? high : value);
}

/* One finished output: requantize, move to the zero point, clamp. */
static inline int8_t mn_finish(int32_t acc, int32_t multiplier, int32_t shift, int32_t zero_point,
                               int32_t low, int32_t high)
{
    return (int8_t)mn_clamp(mn_requant(acc, multiplier, shift) + zero_point, low, high);
}

#endif
