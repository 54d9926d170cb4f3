/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_arg_max.h"

static int32_t first_maximum(const int8_t *x, int32_t depth, int32_t step)
{
    int32_t best = 0;
    for (int32_t i = 1; i < depth; i++) {
        best = x[i * step] > x[best * step] ? i : best;
    }
    return best;
}

mn_status mn_arg_max_s8(const mn_arg_max *p, const int8_t *x, int8_t *y)
{
    for (int32_t o = 0; o < p->outer; o++, x += p->depth * p->inner) {
        for (int32_t i = 0; i < p->inner; i++, y += sizeof(int32_t)) {
            const int32_t index = first_maximum(x + i, p->depth, p->inner);
            memcpy(y, &index, sizeof index);
        }
    }
    return MN_OK;
}
