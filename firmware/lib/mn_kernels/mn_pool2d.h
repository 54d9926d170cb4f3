/* SPDX-License-Identifier: Apache-2.0 */
/* AVERAGE_POOL_2D and MAX_POOL_2D, int8, HWC. Padded positions are not counted. */
#ifndef MN_POOL2D_H
#define MN_POOL2D_H

#include "mn_model.h"

typedef struct {
    int16_t in_h, in_w, channels;
    int16_t out_h, out_w;
    int16_t filter_h, filter_w;
    int16_t stride_h, stride_w;
    int16_t pad_top, pad_left;
    int16_t out_min, out_max; /* fused activation */
} mn_pool2d;

/* No scratch. A pixel of y is written while its window of x is read, in order; y may overlap x if it starts far
 * enough before it (micronas/codegen/lowering/overlap.py). MN_ERROR_ARGUMENT if a window is wholly in the padding. */
mn_status mn_average_pool2d_s8(const mn_pool2d *p, const int8_t *x, int8_t *y);

/* DSP form for channels that are a multiple of four. Otherwise as mn_average_pool2d_s8. */
mn_status mn_average_pool2d_dsp(const mn_pool2d *p, const int8_t *x, int8_t *y);

/* As mn_average_pool2d_s8. */
mn_status mn_max_pool2d_s8(const mn_pool2d *p, const int8_t *x, int8_t *y);

/* DSP form for at least four channels. Otherwise as mn_max_pool2d_s8. */
mn_status mn_max_pool2d_dsp(const mn_pool2d *p, const int8_t *x, int8_t *y);

#endif
