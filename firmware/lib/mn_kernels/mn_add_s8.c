/* SPDX-License-Identifier: Apache-2.0 */
/* Portable ADD and SUB. */
#include "mn_add.h"
#include "mn_requant.h"

enum { LEFT_SHIFT = 20 };

static int32_t scaled(int32_t x, int32_t multiplier, int32_t shift)
{
    return mn_divide_by_power(mn_high_multiply(x * (1 << LEFT_SHIFT), multiplier), -shift);
}

static void line(const void *params, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    const mn_add *p = params;
    const int32_t step1 = p->shape.step1[3], step2 = p->shape.step2[3];
    for (int32_t i = 0; i < p->shape.extent[3]; i++, x1 += step1, x2 += step2) {
        const int32_t a = scaled(*x1 + p->offset1, p->multiplier1, p->shift1);
        const int32_t b = scaled(*x2 + p->offset2, p->multiplier2, p->shift2);
        *y++ = mn_finish(p->subtract ? a - b : a + b, p->out_multiplier, p->out_shift, p->out_zero_point,
                         p->out_min, p->out_max);
    }
}

mn_status mn_add_s8(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    mn_broadcast_lines(&p->shape, line, p, x1, x2, y);
    return MN_OK;
}
