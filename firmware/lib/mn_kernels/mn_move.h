/* SPDX-License-Identifier: Apache-2.0 */
/* TRANSPOSE and STRIDED_SLICE: y, of up to five dimensions, takes x at steps of its own. */
#ifndef MN_MOVE_H
#define MN_MOVE_H

#include "mn_model.h"

typedef struct {
    int32_t first; /* element of x that becomes y[0] */
    int32_t extent[5];
    int32_t step[5]; /* elements of x from one index of a dimension of y to the next; may be negative */
} mn_move;

/* No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_move_s8(const mn_move *p, const int8_t *x, int8_t *y);

#endif
