/* SPDX-License-Identifier: Apache-2.0 */
/* TRANSPOSE_CONV, int8, HWC, with a scale per output channel. */
#ifndef MN_TRANSPOSE_CONV_H
#define MN_TRANSPOSE_CONV_H

#include "mn_model.h"
#include "mn_requant.h"

typedef struct {
    const int8_t *weights;      /* out_c, kernel_h, kernel_w, in_c */
    const mn_channel *channels; /* biases without the input's zero point: pixels differ in the taps that they have */
    int16_t in_h, in_w, in_c, out_h, out_w, out_c;
    int16_t kernel_h, kernel_w, stride_h, stride_w;
    int16_t pad_top, pad_left; /* of the convolution that is transposed */
    int16_t in_zero_point, out_zero_point;
} mn_transpose_conv;

/* No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_transpose_conv_s8(const mn_transpose_conv *p, const int8_t *x, int8_t *y);

#endif
