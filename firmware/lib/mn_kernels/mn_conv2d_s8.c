/* SPDX-License-Identifier: Apache-2.0 */
/* Portable CONV_2D: every output pixel's receptive field is copied to scratch as one vector, padding as
 * the input's zero point; what is left is out_c dot products without a border in sight. */
#include "mn_conv2d.h"
#include "mn_dot.h"
#include "mn_gather.h"

static void pixel(const mn_conv2d *p, const int8_t *x, int32_t first_y, int32_t first_x, int8_t *patch,
                  int8_t *y)
{
    const int32_t depth = p->in_c / p->groups, outputs = p->out_c / p->groups;
    const int32_t n = p->kernel_h * p->kernel_w * depth;
    for (int32_t g = 0; g < p->groups; g++) {
        mn_gather(p, x + g * depth, first_y, first_x, depth, patch);
        mn_dot_pixel(patch, p->weights + g * outputs * n, p->channels + g * outputs, n, outputs,
                     p->out_zero_point, p->out_min, p->out_max, y + g * outputs);
    }
}

mn_status mn_conv2d_s8(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    for (int32_t out_y = 0; out_y < p->out_h; out_y++) {
        const int32_t first_y = out_y * p->stride_h - p->pad_top;
        for (int32_t out_x = 0; out_x < p->out_w; out_x++, y += p->out_c) {
            pixel(p, x, first_y, out_x * p->stride_w - p->pad_left, scratch, y);
        }
    }
    return MN_OK;
}
