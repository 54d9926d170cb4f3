/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_quantize.h"
#include "mn_requant.h"

/* Halves go away from zero. The half is added in double: in float, the sum could round up to a whole. */
static int32_t rounded(float x)
{
    const float limit = 1000.0f; /* well past what the clamp leaves */
    const float inside = x > limit ? limit : (x < -limit ? -limit : x);
    return (int32_t)((double)inside + (inside < 0.0f ? -0.5 : 0.5));
}

mn_status mn_quantize_f32(const mn_quantize *p, const int8_t *x, int8_t *y)
{
    for (int32_t i = 0; i < p->count; i++, x += sizeof(float)) {
        float value;
        memcpy(&value, x, sizeof value);
        y[i] = (int8_t)mn_clamp(rounded(value / p->scale) + p->zero_point, INT8_MIN, INT8_MAX);
    }
    return MN_OK;
}
