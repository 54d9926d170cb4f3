/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_prelu.h"
#include "mn_requant.h"

static void line(const void *params, const int8_t *x, const int8_t *alpha, int8_t *y)
{
    const mn_prelu *p = params;
    for (int32_t i = 0; i < p->shape.extent[3]; i++, x += p->shape.step1[3], alpha += p->shape.step2[3]) {
        const int32_t centred = *x + p->offset;
        const int32_t result =
            centred >= 0
                ? mn_requant(centred, p->multiplier_above, p->shift_above)
                : mn_requant(centred * (*alpha + p->alpha_offset), p->multiplier_below, p->shift_below);
        y[i] = (int8_t)mn_clamp(result + p->out_zero_point, INT8_MIN, INT8_MAX);
    }
}

mn_status mn_prelu_s8(const mn_prelu *p, const int8_t *x, const int8_t *alpha, int8_t *y)
{
    mn_broadcast_lines(&p->shape, line, p, x, alpha, y);
    return MN_OK;
}
