/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_reduce_max.h"

/* y[i] = the larger of y[i] and x[i]. */
static void raise(int8_t *y, const int8_t *x, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        y[i] = x[i] > y[i] ? x[i] : y[i];
    }
}

mn_status mn_reduce_max_s8(const mn_reduce_max *p, const int8_t *x, int8_t *y)
{
    const int32_t inner = p->inner, plane = p->reduced2 * inner;
    for (int32_t o = 0; o < p->outer; o++, y += p->middle * inner) {
        memset(y, INT8_MIN, (size_t)(p->middle * inner));
        for (int32_t r = 0; r < p->reduced; r++) {
            for (int32_t m = 0; m < p->middle; m++, x += plane) {
                for (int32_t s = 0; s < p->reduced2; s++) {
                    raise(y + m * inner, x + s * inner, inner);
                }
            }
        }
    }
    return MN_OK;
}
