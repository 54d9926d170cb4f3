/* SPDX-License-Identifier: Apache-2.0 */
/* FULLY_CONNECTED, int8. weights are out_n rows of in_n. */
#ifndef MN_DENSE_H
#define MN_DENSE_H

#include "mn_model.h"
#include "mn_requant.h"

/* One scale for all weights. */
typedef struct {
    const int8_t *weights;
    const int32_t *bias; /* input zero point folded in, as in mn_channel */
    int32_t multiplier, shift;
    int32_t batches, in_n, out_n;
    int16_t out_zero_point;
    int16_t out_min, out_max; /* fused activation */
    /* DSP forms: rows are padded to segments * segment_groups * 4 weights (mn_dsp.h). exact_finish is 1 when
     * the scale or the clamp needs the general requantization. */
    int16_t segment_groups, segments, exact_finish;
} mn_dense;

/* Portable form, any shape; no scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_dense_s8(const mn_dense *p, const int8_t *x, int8_t *y);

/* DSP form for rows that need no padding; weights packed as in mn_dsp_dense.h, rows padded to an even number.
 * No scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_dense_dsp(const mn_dense *p, const int8_t *x, int8_t *y);

/* The same for any row. Scratch: one padded row, segments * segment_groups * 4 bytes. */
mn_status mn_dense_padded_dsp(const mn_dense *p, const int8_t *x, int8_t *scratch, int8_t *y);

/* A scale per output. */
typedef struct {
    const int8_t *weights;
    const mn_channel *channels;
    int32_t batches, in_n, out_n;
    int16_t out_zero_point;
    int16_t out_min, out_max;
    int16_t segment_groups, segments, exact_finish;
} mn_dense_channels;

/* As the forms above. */
mn_status mn_dense_channels_s8(const mn_dense_channels *p, const int8_t *x, int8_t *y);
mn_status mn_dense_channels_dsp(const mn_dense_channels *p, const int8_t *x, int8_t *y);
mn_status mn_dense_channels_padded_dsp(const mn_dense_channels *p, const int8_t *x, int8_t *scratch, int8_t *y);

#endif
