/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_quantize.h"

mn_status mn_dequantize_s8(const mn_quantize *p, const int8_t *x, int8_t *y)
{
    for (int32_t i = 0; i < p->count; i++, y += sizeof(float)) {
        const float value = p->scale * (float)(x[i] - p->zero_point);
        memcpy(y, &value, sizeof value);
    }
    return MN_OK;
}
