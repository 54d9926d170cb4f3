/* SPDX-License-Identifier: Apache-2.0 */
/* MEAN and SUM, int8. x is (outer, reduced, middle, reduced2, inner), y is (outer, middle, inner). */
#ifndef MN_REDUCE_H
#define MN_REDUCE_H

#include "mn_model.h"

typedef struct {
    int32_t outer, reduced, middle, reduced2, inner;
    int32_t offset; /* -reduced * reduced2 * zero point of x */
    int32_t multiplier, shift;
    int32_t out_zero_point;
} mn_reduce;

/* No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_reduce_s8(const mn_reduce *p, const int8_t *x, int8_t *y);

/* DSP form for middle and reduced2 of 1 and an inner that is a multiple of four. Otherwise as the other. */
mn_status mn_reduce_dsp(const mn_reduce *p, const int8_t *x, int8_t *y);

#endif
