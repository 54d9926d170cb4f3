/* SPDX-License-Identifier: Apache-2.0 */
/* QUANTIZE from float and DEQUANTIZE to float, for networks whose inputs and outputs are float. */
#ifndef MN_QUANTIZE_H
#define MN_QUANTIZE_H

#include "mn_model.h"

typedef struct {
    float scale;
    int32_t zero_point;
    int32_t count;
} mn_quantize;

/* x: count floats, no NaN. No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_quantize_f32(const mn_quantize *p, const int8_t *x, int8_t *y);

/* y: count floats. No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_dequantize_s8(const mn_quantize *p, const int8_t *x, int8_t *y);

#endif
