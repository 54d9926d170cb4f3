/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of MUL: the short requantization of mn_dsp.h, whose bound no product of two bytes reaches. */
#include "mn_dsp.h"
#include "mn_mul.h"

#if defined(__ARM_FEATURE_DSP)

static void line(const void *params, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    const mn_mul *p = params;
    const int32_t step1 = p->shape.step1[3], step2 = p->shape.step2[3], offset1 = p->offset1, offset2 = p->offset2;
    const int32_t multiplier = p->multiplier, shift = p->shift, code = mn_dsp_code(p->out_zero_point, shift);
    int8_t *const end = y + p->shape.extent[3];
    while (y != end) {
        *y++ = mn_dsp_finish((*x1 + offset1) * (*x2 + offset2), multiplier, shift, code);
        x1 += step1;
        x2 += step2;
    }
}

mn_status mn_mul_dsp(const mn_mul *p, const int8_t *x1, const int8_t *x2, int8_t *y)
{
    mn_broadcast_lines(&p->shape, line, p, x1, x2, y);
    return MN_OK;
}

#endif
