/* SPDX-License-Identifier: Apache-2.0 */
/* MEAN and SUM: integer sum, then one requantization that also holds 1/count of a mean. */
#include "mn_reduce.h"
#include "mn_requant.h"

/* Elements at x[r * step + s * inner] over both reduced runs. */
static int32_t sum_at(const mn_reduce *p, const int8_t *x, int32_t step)
{
    int32_t sum = p->offset;
    for (int32_t r = 0; r < p->reduced; r++, x += step) {
        const int8_t *element = x;
        for (int32_t s = 0; s < p->reduced2; s++, element += p->inner) {
            sum += *element;
        }
    }
    return sum;
}

mn_status mn_reduce_s8(const mn_reduce *p, const int8_t *x, int8_t *y)
{
    const int32_t plane = p->reduced2 * p->inner, step = p->middle * plane;
    for (int32_t o = 0; o < p->outer; o++, x += p->reduced * step) {
        for (int32_t m = 0; m < p->middle; m++) {
            for (int32_t i = 0; i < p->inner; i++) {
                const int32_t sum = sum_at(p, x + m * plane + i, step);
                *y++ = mn_finish(sum, p->multiplier, p->shift, p->out_zero_point, INT8_MIN, INT8_MAX);
            }
        }
    }
    return MN_OK;
}
