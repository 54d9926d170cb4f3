/* SPDX-License-Identifier: Apache-2.0 */
/* ADD and SUB, int8, element by element or with one operand repeated (NumPy broadcasting). */
#ifndef MN_ADD_H
#define MN_ADD_H

#include "mn_broadcast.h"
#include "mn_model.h"

/* Each operand's value is (x + offset) << 20, scaled by its multiplier and shift (to the right, <= 0). */
typedef struct {
    mn_broadcast shape;
    int32_t multiplier1, multiplier2, out_multiplier;
    int16_t offset1, offset2, out_zero_point; /* offsets are minus the zero points */
    int16_t shift1, shift2, out_shift;
    int16_t subtract;         /* 0: x1 + x2, 1: x1 - x2 */
    int16_t out_min, out_max; /* fused activation */
} mn_add;

/* No scratch. y may be x1 or x2 if that operand is not repeated. Always MN_OK. */
mn_status mn_add_s8(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *y);

/* DSP forms of ADD for operands without repetition (extent[3] elements), an out_shift of -1 to -22 and a clamp to
 * the whole of int8: for one shift of 0 (a multiplier of 2^30, so one half) and one below, and for two of 0. */
mn_status mn_add_dsp(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *y);
mn_status mn_add_equal_dsp(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *y);

/* Either of the two, with a table of one operand's values. Scratch: 1,024 bytes. */
mn_status mn_add_table_dsp(const mn_add *p, const int8_t *x1, const int8_t *x2, int8_t *scratch, int8_t *y);

#endif
