/* TFLite's integer requantization: acc * multiplier * 2^(shift - 31) in two roundings.
 *
 * `multiplier` is 0 or in [2^30, 2^31) (MEAN also has smaller ones), `shift` in [-31, 30]; a positive
 * shift shifts the accumulator left first. Right shifts of negative numbers are arithmetic in every
 * compiler we build with; the host tests would notice one where they are not.
 */
#ifndef MN_REQUANT_H
#define MN_REQUANT_H

#include <stdint.h>

/* What turns one output channel's accumulator into its int8 value. `bias` has the input's zero point
 * folded in: bias - zero_point_x * sum(weights of the channel). */
typedef struct {
    int32_t bias;
    int32_t multiplier;
    int32_t shift;
} mn_channel;

/* High 32 bits of 2ab, rounded. The reference rounds halves away from zero with a nudge that depends on
 * the sign and a truncating division; written as a floor, both signs have the same nudge.
 * b >= 0, so the one product that would saturate (INT32_MIN squared) cannot occur. */
static inline int32_t mn_high_multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* x / 2^exponent, halves away from zero; exponent in 0..31. */
static inline int32_t mn_divide_by_power(int32_t x, int32_t exponent)
{
    const int32_t mask = (int32_t)((1u << exponent) - 1u);
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
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
