/* The receptive field of one output pixel as one vector, padding as the input's zero point. */
#ifndef MN_GATHER_H
#define MN_GATHER_H

#include <string.h>

#include "mn_conv2d.h"

/* One kernel row, `depth` channels of each tap. Taps beside the input are padding. */
static inline void mn_gather_row(const mn_conv2d *p, const int8_t *row, int32_t first_x, int32_t depth,
                                 int8_t *patch)
{
    if (depth == p->in_c && p->dilation_w == 1 && first_x >= 0 && first_x + p->kernel_w <= p->in_w) {
        memcpy(patch, row + first_x * depth, (size_t)(p->kernel_w * depth));
        return;
    }
    for (int32_t k = 0; k < p->kernel_w; k++, patch += depth) {
        const int32_t x = first_x + k * p->dilation_w;
        if (x < 0 || x >= p->in_w) {
            memset(patch, p->in_zero_point, (size_t)depth);
        } else {
            memcpy(patch, row + x * p->in_c, (size_t)depth);
        }
    }
}

static inline void mn_gather(const mn_conv2d *p, const int8_t *x, int32_t first_y, int32_t first_x,
                             int32_t depth, int8_t *patch)
{
    const int32_t row_bytes = p->kernel_w * depth;
    for (int32_t k = 0; k < p->kernel_h; k++, patch += row_bytes) {
        const int32_t y = first_y + k * p->dilation_h;
        if (y < 0 || y >= p->in_h) {
            memset(patch, p->in_zero_point, (size_t)row_bytes);
        } else {
            mn_gather_row(p, x + y * p->in_w * p->in_c, first_x, depth, patch);
        }
    }
}

#endif
