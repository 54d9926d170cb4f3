/* SPDX-License-Identifier: Apache-2.0 */
/* RESIZE_NEAREST_NEIGHBOR, int8, HWC. */
#ifndef MN_RESIZE_NEAREST_H
#define MN_RESIZE_NEAREST_H

#include "mn_model.h"

typedef struct {
    const int16_t *rows;    /* of x, for each of out_h */
    const int16_t *columns; /* of x, for each of out_w */
    int16_t in_w, out_h, out_w, channels;
} mn_resize_nearest;

/* No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_resize_nearest_s8(const mn_resize_nearest *p, const int8_t *x, int8_t *y);

#endif
