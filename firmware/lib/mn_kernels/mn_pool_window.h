/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a pooling window that is on the input. */
#ifndef MN_POOL_WINDOW_H
#define MN_POOL_WINDOW_H

#include "mn_pool2d.h"

typedef struct {
    const int8_t *origin; /* first element of channel 0 */
    int32_t rows, columns;
} mn_pool_window;

static inline mn_pool_window mn_pool_window_at(const mn_pool2d *p, const int8_t *x, int32_t out_y, int32_t out_x)
{
    int32_t top = out_y * p->stride_h - p->pad_top, left = out_x * p->stride_w - p->pad_left;
    int32_t bottom = top + p->filter_h, right = left + p->filter_w;
    top = top < 0 ? 0 : top;
    left = left < 0 ? 0 : left;
    bottom = bottom > p->in_h ? p->in_h : bottom;
    right = right > p->in_w ? p->in_w : right;
    const mn_pool_window window = {x + (top * p->in_w + left) * p->channels, bottom - top, right - left};
    return window;
}

#endif
