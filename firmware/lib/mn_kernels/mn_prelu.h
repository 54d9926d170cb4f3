/* SPDX-License-Identifier: Apache-2.0 */
/* PRELU, int8: x above its zero point, x * alpha below; alpha is broadcast. */
#ifndef MN_PRELU_H
#define MN_PRELU_H

#include "mn_broadcast.h"
#include "mn_model.h"

typedef struct {
    mn_broadcast shape;
    int32_t multiplier_above, shift_above, multiplier_below, shift_below;
    int16_t offset, alpha_offset, out_zero_point; /* offsets are minus the zero points */
} mn_prelu;

/* No scratch. y may be x. Always MN_OK. */
mn_status mn_prelu_s8(const mn_prelu *p, const int8_t *x, const int8_t *alpha, int8_t *y);

#endif
