/* SPDX-License-Identifier: Apache-2.0 */
/* Portable MUL. */
#include "mn_mul.h"
#include "mn_requant.h"

static void line(const void *params, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    const mn_mul *p = params;
    const int32_t step1 = p->shape.step1[3], step2 = p->shape.step2[3];
    for (int32_t i = 0; i < p->shape.extent[3]; i++, x1 += step1, x2 += step2) {
        const int32_t product = (*x1 + p->offset1) * (*x2 + p->offset2);
        *y++ = mn_finish(product, p->multiplier, p->shift, p->out_zero_point, p->out_min, p->out_max);
    }
}

mn_status mn_mul_s8(const mn_mul *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    mn_broadcast_lines(&p->shape, line, p, x1, x2, y);
    return MN_OK;
}
