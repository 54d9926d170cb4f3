/* SPDX-License-Identifier: Apache-2.0 */
/* SOFTMAX, int8 to int8 (scale 1/256, zero point -128), over rows of `depth`. */
#ifndef MN_SOFTMAX_H
#define MN_SOFTMAX_H

#include "mn_model.h"

typedef struct {
    int32_t rows, depth;
    int32_t multiplier, shift; /* beta * scale of x, to Q5.26; shift is to the left */
    int32_t diff_min;          /* differences to the row's maximum below it have probability 0 */
} mn_softmax;

/* No scratch; y may be x. Always MN_OK. */
mn_status mn_softmax_s8(const mn_softmax *p, const int8_t *x, int8_t *y);

#endif
