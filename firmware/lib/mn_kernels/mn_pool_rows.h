/* SPDX-License-Identifier: Apache-2.0 */
/* AVERAGE_POOL_2D over all of an image, int8, HWC, some rows at a time. */
#ifndef MN_POOL_ROWS_H
#define MN_POOL_ROWS_H

#include "mn_model.h"

typedef struct {
    int16_t rows;              /* in this step */
    int16_t columns, channels;
    int16_t begins, ends;      /* whether these are the first rows, and the last */
    int16_t out_min, out_max;  /* fused activation */
    int32_t count;             /* pixels of the whole image */
} mn_pool_rows;

/* Scratch, 4-byte aligned: 4 bytes per channel, which must be kept from the first step to the last. y is written in the
 * last step only and must not overlap x. Always MN_OK. */
mn_status mn_average_rows_s8(const mn_pool_rows *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* The same of an image of at most 255 pixels: 2 bytes of scratch per channel. */
mn_status mn_average_few_rows_s8(const mn_pool_rows *p, const int8_t *x, int8_t *scratch, int8_t *y);

#endif
