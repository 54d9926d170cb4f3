/* SPDX-License-Identifier: Apache-2.0 */
/* LOG_SOFTMAX in fixed point, as TFLite's int8 reference computes it: x - max - ln(sum of exp(x - max)).
 *
 * Qi.f means a signed 32-bit number with i integer bits and f = 31 - i fraction bits. ln of the sum in Q12.19 comes
 * from a number r near 1, which is the sum times a power of two, or that times sqrt(1/2), whichever is smaller:
 * ln r is a quotient of polynomials around the fourth root of 1/2, and the exponent adds multiples of ln 2.
 */
#include "mn_log_softmax.h"
#include "mn_requant.h"

static int32_t saturated(int64_t value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

static int32_t leading_zeros(uint32_t x)
{
    int32_t n = 0;
    for (; n < 32 && !(x & 0x80000000u); n++) {
        x <<= 1;
    }
    return n;
}

static int32_t shifted_left(int32_t x, int32_t bits)
{
    return saturated((int64_t)x * ((int64_t)1 << bits));
}

/* 1 / (1 + a) in Q0.31 for Q0.31 a in [0, 1), by three Newton-Raphson steps. */
static int32_t reciprocal_of_one_plus(int32_t a)
{
    const int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) >> 1);
    const int32_t one = 1 << 29; /* Q2.29 */
    int32_t x = 1515870810 + mn_high_multiply(half_denominator, -1010580540); /* 48/17 - 32/17 d */
    for (int32_t i = 0; i < 3; i++) {
        const int32_t error = one - mn_high_multiply(half_denominator, x);
        x += (int32_t)((uint32_t)mn_high_multiply(x, error) << 2);
    }
    return x >= 1 << 30 ? INT32_MAX : x << 1;
}

/* ln(r * 2^(1/4)) in Q6.25 for Q0.31 r. */
static int32_t log_near_one(int32_t r)
{
    const int32_t root = 1805811301; /* 2^(-1/4) */
    const int64_t sum = (int64_t)r + root;
    const int32_t middle = (int32_t)((sum + 1) >> 1);
    const int32_t q = (r - root) * 2;
    const int32_t square = mn_high_multiply(q, q);
    const int32_t numerator = mn_high_multiply(q, r) + mn_high_multiply(mn_high_multiply(q, square), 117049297);
    const int32_t inner = 1057819769 + q + mn_high_multiply(127690142, square);
    const int32_t denominator = mn_high_multiply(middle, inner) + mn_high_multiply(638450708, q);
    return mn_high_multiply(mn_divide_by_power(numerator, 6), reciprocal_of_one_plus(denominator));
}

/* ln of `sum` >= 1 in Q12.19, in Q5.26. */
static int32_t log_of_sum(int32_t sum)
{
    const int32_t half_root = 1518500250, log_two = 1488522236, quarter = 1 << 23; /* sqrt(1/2), ln 2; 1/4 in Q6.25 */
    const int32_t headroom = leading_zeros((uint32_t)sum);
    const int32_t r_one = shifted_left(mn_high_multiply(shifted_left(sum, headroom - 1), half_root), 1);
    const int32_t headroom_two = leading_zeros((uint32_t)mn_high_multiply(sum, half_root)) - 1;
    const int32_t r_two = shifted_left(sum, headroom_two);
    const int32_t exponent_one = shifted_left(12 - headroom, 25) + quarter;
    const int32_t exponent_two = shifted_left(12 - headroom_two, 25) - quarter;
    const int32_t exponent = exponent_one > exponent_two ? exponent_one : exponent_two;
    const int32_t log = mn_high_multiply(exponent, log_two) + log_near_one(r_one < r_two ? r_one : r_two);
    return shifted_left(log, 1);
}

static int32_t row_max(const int8_t *x, int32_t depth)
{
    int32_t max = x[0];
    for (int32_t i = 1; i < depth; i++) {
        max = x[i] > max ? x[i] : max;
    }
    return max;
}

static void row(const mn_log_softmax *p, const int8_t *x, int8_t *y)
{
    const int32_t max = row_max(x, p->depth);
    int32_t sum = 0;
    for (int32_t i = 0; i < p->depth; i++) {
        sum += p->addends[max - x[i]];
    }
    const int32_t log_sum = log_of_sum(sum);
    const int32_t reach = mn_requant(log_sum + INT32_MIN, p->reverse_multiplier, p->reverse_shift);
    const int32_t lowest = reach > p->diff_min - 1 ? reach : p->diff_min - 1;
    for (int32_t i = 0; i < p->depth; i++) {
        const int32_t difference = x[i] - max;
        int32_t value = INT8_MIN;
        if (difference > lowest) {
            const int32_t log = mn_requant(difference, p->multiplier, p->shift) - log_sum;
            value = mn_clamp(mn_divide_by_power(log, 22) + INT8_MAX, INT8_MIN, INT8_MAX);
        }
        y[i] = (int8_t)value;
    }
}

mn_status mn_log_softmax_s8(const mn_log_softmax *p, const int8_t *x, int8_t *y)
{
    for (int32_t r = 0; r < p->rows; r++, x += p->depth, y += p->depth) {
        row(p, x, y);
    }
    return MN_OK;
}
