/* SPDX-License-Identifier: Apache-2.0 */
/* Portable FULLY_CONNECTED with a scale per output: the pixel of a pointwise convolution. */
#include "mn_dense.h"
#include "mn_dot.h"

mn_status mn_dense_channels_s8(const mn_dense_channels *p, const int8_t *x, int8_t *y)
{
    for (int32_t b = 0; b < p->batches; b++, x += p->in_n, y += p->out_n) {
        mn_dot_pixel(x, p->weights, p->channels, p->in_n, p->out_n, p->out_zero_point, p->out_min, p->out_max,
                     y);
    }
    return MN_OK;
}
