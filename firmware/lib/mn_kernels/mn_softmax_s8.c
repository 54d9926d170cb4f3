/* SPDX-License-Identifier: Apache-2.0 */
/* SOFTMAX in fixed point, as TFLite's int8 reference computes it.
 *
 * Qi.f below means a signed 32-bit number with i integer bits and f = 31 - i fraction bits. exp() of a
 * Q5.26 number in (-32, 0] is split into a remainder in [-1/4, 0), taken by a Taylor polynomial around
 * -1/8, and the binary digits of the remainder, each of which contributes a constant factor. 1/sum comes from
 * three Newton-Raphson steps on the sum scaled to [1/2, 1). No product here is INT32_MIN squared, the one
 * that would have to saturate.
 */
#include "mn_requant.h"
#include "mn_softmax.h"

/* exp(a) for Q0.31 a in [-1/4, 0). */
static int32_t exp_small(int32_t a)
{
    const int32_t exp_eighth = 1895147668; /* exp(-1/8) */
    const int32_t third = 715827883;       /* 1/3 */
    const int32_t x = a + (1 << 28);
    const int32_t x2 = mn_high_multiply(x, x);
    const int32_t x3 = mn_high_multiply(x2, x);
    const int32_t x4 = mn_high_multiply(x2, x2);
    const int32_t x4_over_4 = mn_divide_by_power(x4, 2);
    const int32_t rest = mn_divide_by_power(mn_high_multiply(x4_over_4 + x3, third) + x2, 1);
    return exp_eighth + mn_high_multiply(exp_eighth, x + rest);
}

/* `value` times `factor` if the binary digit 2^(bit - 26) is in `digits`. */
static int32_t with_digit(int32_t value, uint32_t digits, int32_t bit, int32_t factor)
{
    return digits & (1u << bit) ? mn_high_multiply(value, factor) : value;
}

/* exp(a) in Q0.31 for Q5.26 a <= 0. */
static int32_t exp_negative(int32_t a)
{
    const int32_t quarter = 1 << 24;
    const int32_t remainder = (a & (quarter - 1)) - quarter;
    const uint32_t digits = (uint32_t)(remainder - a);
    if (a == 0) {
        return INT32_MAX;
    }
    int32_t result = exp_small((int32_t)((uint32_t)remainder << 5));
    result = with_digit(result, digits, 24, 1672461947); /* exp(-1/4) */
    result = with_digit(result, digits, 25, 1302514674); /* exp(-1/2) */
    result = with_digit(result, digits, 26, 790015084);  /* exp(-1) */
    result = with_digit(result, digits, 27, 290630308);  /* exp(-2) */
    result = with_digit(result, digits, 28, 39332535);   /* exp(-4) */
    result = with_digit(result, digits, 29, 720401);     /* exp(-8) */
    return with_digit(result, digits, 30, 242);          /* exp(-16) */
}

/* 1 / (1 + a) in Q0.31 for Q0.31 a in [0, 1). */
static int32_t reciprocal_of_one_plus(int32_t a)
{
    const int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) >> 1);
    const int32_t one = 1 << 29; /* Q2.29 */
    int32_t x = 1515870810 + mn_high_multiply(half_denominator, -1010580540); /* 48/17 - 32/17 d */
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = one - mn_high_multiply(half_denominator, x);
        x += (int32_t)((uint32_t)mn_high_multiply(x, error) << 2);
    }
    return x >= 1 << 30 ? INT32_MAX : x << 1; /* 1 / (1 + 0) is 1, which Q0.31 cannot hold */
}

static int32_t leading_zeros(uint32_t x)
{
    int32_t n = 0;
    for (; n < 32 && !(x & 0x80000000u); n++) {
        x <<= 1;
    }
    return n;
}

static int32_t row_max(const int8_t *x, int32_t depth)
{
    int32_t max = x[0];
    for (int32_t i = 1; i < depth; i++) {
        max = x[i] > max ? x[i] : max;
    }
    return max;
}

/* exp(beta * scale * diff) in Q0.31, 0 for differences that do not count. */
static int32_t exp_of_difference(const mn_softmax *p, int32_t diff)
{
    return diff < p->diff_min ? 0 : exp_negative(mn_requant(diff, p->multiplier, p->shift));
}

static void row(const mn_softmax *p, const int8_t *x, int8_t *y)
{
    const int32_t max = row_max(x, p->depth);
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->depth; i++) {
        sum += mn_divide_by_power(exp_of_difference(p, x[i] - max), 12);
    }
    const int32_t headroom = leading_zeros((uint32_t)sum);
    const int32_t fraction = (int32_t)(((uint32_t)sum << headroom) - 0x80000000u);
    const int32_t scale = reciprocal_of_one_plus(fraction);
    const int32_t exponent = 12 - headroom + 31 - 8;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t product = mn_high_multiply(scale, exp_of_difference(p, x[i] - max));
        y[i] = (int8_t)mn_clamp(mn_divide_by_power(product, exponent) + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

mn_status mn_softmax_s8(const mn_softmax *p, const int8_t *x, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++, x += p->depth, y += p->depth) {
        row(p, x, y);
    }
    return MN_OK;
}
