/* SPDX-License-Identifier: Apache-2.0 */
/* Portable FULLY_CONNECTED with one weight scale. */
#include "mn_dense.h"
#include "mn_dot.h"

static void vector(const mn_dense *p, const int8_t *x, int8_t *y)
{
    const int8_t *weights = p->weights;
    int32_t o = 0;
    for (; o + 2 <= p->out_n; o += 2, weights += 2 * p->in_n) {
        int32_t a0 = p->bias[o], a1 = p->bias[o + 1];
        mn_dot_two(x, weights, weights + p->in_n, p->in_n, &a0, &a1);
        y[o] = mn_finish(a0, p->multiplier, p->shift, p->out_zero_point, p->out_min, p->out_max);
        y[o + 1] = mn_finish(a1, p->multiplier, p->shift, p->out_zero_point, p->out_min, p->out_max);
    }
    if (o < p->out_n) {
        const int32_t acc = mn_dot_one(x, weights, p->in_n, p->bias[o]);
        y[o] = mn_finish(acc, p->multiplier, p->shift, p->out_zero_point, p->out_min, p->out_max);
    }
}

mn_status mn_dense_s8(const mn_dense *p, const int8_t *x, int8_t *y)
{
    for (int32_t b = 0; b < p->batches; b++, x += p->in_n, y += p->out_n) {
        vector(p, x, y);
    }
    return MN_OK;
}
