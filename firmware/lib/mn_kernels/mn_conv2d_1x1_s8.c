/* Portable pointwise convolution: the pixels of x are the vectors, nothing is copied. */
#include "mn_conv2d.h"
#include "mn_dot.h"

mn_status mn_conv2d_1x1_s8(const mn_conv2d *p, const int8_t *x, int8_t *y)
{
    const int8_t *const end = x + p->in_h * p->in_w * p->in_c;
    for (; x != end; x += p->in_c, y += p->out_c) {
        mn_dot_pixel(x, p->weights, p->channels, p->in_c, p->out_c, p->out_zero_point, p->out_min, p->out_max,
                     y);
    }
    return MN_OK;
}
