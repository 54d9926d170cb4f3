/* SPDX-License-Identifier: Apache-2.0 */
/* RESIZE_BILINEAR, int8, HWC. */
#ifndef MN_RESIZE_BILINEAR_H
#define MN_RESIZE_BILINEAR_H

#include "mn_model.h"

/* Two neighbours along one dimension, and the share of the second in 1/1024. */
typedef struct {
    int16_t low, high, share;
} mn_between;

typedef struct {
    const mn_between *rows;    /* of x, for each of out_h */
    const mn_between *columns; /* of x, for each of out_w */
    int16_t in_w, out_h, out_w, channels;
} mn_resize_bilinear;

/* No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_resize_bilinear_s8(const mn_resize_bilinear *p, const int8_t *x, int8_t *y);

#endif
