/* SPDX-License-Identifier: Apache-2.0 */
/* The innermost loops of the portable kernels: int8 dot products without a branch per product. */
#ifndef MN_DOT_H
#define MN_DOT_H

#include "mn_requant.h"

#if defined(__ARM_ARCH_6M__)

/* x . w0 in the lower half of the result, x . w1 in the upper (mn_v6m_dot_two.S). */
uint64_t mn_v6m_dot_two(const int8_t *x, const int8_t *w0, const int8_t *w1, int32_t n);

static inline void mn_dot_two(const int8_t *x, const int8_t *w0, const int8_t *w1, int32_t n, int32_t *acc0,
                              int32_t *acc1)
{
    const uint64_t sums = mn_v6m_dot_two(x, w0, w1, n);
    *acc0 += (int32_t)(uint32_t)sums;
    *acc1 += (int32_t)(uint32_t)(sums >> 32);
}

#else

/* *acc0 += x . w0 and *acc1 += x . w1 over n elements; each x is loaded once. */
static inline void mn_dot_two(const int8_t *x, const int8_t *w0, const int8_t *w1, int32_t n, int32_t *acc0,
                              int32_t *acc1)
{
    int32_t a0 = *acc0, a1 = *acc1;
    int32_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const int32_t x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];
        a0 += x0 * w0[i] + x1 * w0[i + 1] + x2 * w0[i + 2] + x3 * w0[i + 3];
        a1 += x0 * w1[i] + x1 * w1[i + 1] + x2 * w1[i + 2] + x3 * w1[i + 3];
    }
    for (; i < n; i++) {
        a0 += x[i] * w0[i];
        a1 += x[i] * w1[i];
    }
    *acc0 = a0;
    *acc1 = a1;
}

#endif

static inline int32_t mn_dot_one(const int8_t *x, const int8_t *w, int32_t n, int32_t acc)
{
    for (int32_t i = 0; i < n; i++) {
        acc += x[i] * w[i];
    }
    return acc;
}

/* One output pixel of a convolution: out_c dot products of length n with the same x. */
static inline void mn_dot_pixel(const int8_t *x, const int8_t *weights, const mn_channel *channel, int32_t n,
                                int32_t out_c, int32_t zero_point, int32_t low, int32_t high, int8_t *y)
{
    int32_t c = 0;
    for (; c + 2 <= out_c; c += 2, weights += 2 * n, channel += 2) {
        int32_t a0 = channel[0].bias, a1 = channel[1].bias;
        mn_dot_two(x, weights, weights + n, n, &a0, &a1);
        y[c] = mn_finish(a0, channel[0].multiplier, channel[0].shift, zero_point, low, high);
        y[c + 1] = mn_finish(a1, channel[1].multiplier, channel[1].shift, zero_point, low, high);
    }
    if (c < out_c) {
        const int32_t acc = mn_dot_one(x, weights, n, channel->bias);
        y[c] = mn_finish(acc, channel->multiplier, channel->shift, zero_point, low, high);
    }
}

#endif
