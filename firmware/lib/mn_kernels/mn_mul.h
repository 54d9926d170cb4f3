/* SPDX-License-Identifier: Apache-2.0 */
/* MUL, int8, element by element or with one operand repeated. */
#ifndef MN_MUL_H
#define MN_MUL_H

#include "mn_broadcast.h"
#include "mn_model.h"

typedef struct {
    mn_broadcast shape;
    int32_t multiplier, shift;
    int16_t offset1, offset2, out_zero_point; /* offsets are minus the zero points */
    int16_t out_min, out_max;                 /* fused activation */
} mn_mul;

/* No scratch. y may be x1 or x2 if that operand is not repeated. Always MN_OK. */
mn_status mn_mul_s8(const mn_mul *p, const int8_t *x1, const int8_t *x2, int8_t *y);

/* DSP form for a shift of -1 to -22 and a clamp to the whole of int8. Otherwise as mn_mul_s8. */
mn_status mn_mul_dsp(const mn_mul *p, const int8_t *x1, const int8_t *x2, int8_t *y);

#endif
