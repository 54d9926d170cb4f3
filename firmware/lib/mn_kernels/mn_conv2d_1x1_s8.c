/* SPDX-License-Identifier: Apache-2.0 */
/* Portable pointwise convolution: each pixel of x is copied to scratch, so that its outputs may be written over it,
 * and multiplied. */
#include <string.h>

#include "mn_conv2d.h"
#include "mn_dot.h"

mn_status mn_conv2d_1x1_s8(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int32_t pixels = p->in_h * p->in_w, forward = p->out_c <= p->in_c;
    int32_t pixel = forward ? 0 : pixels - 1;
    for (int32_t left = pixels; left > 0; left--, pixel += forward ? 1 : -1) {
        memcpy(scratch, x + pixel * p->in_c, (size_t)p->in_c);
        mn_dot_pixel(scratch, p->weights, p->channels, p->in_c, p->out_c, p->out_zero_point, p->out_min,
                     p->out_max, y + pixel * p->out_c);
    }
    return MN_OK;
}
