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
} mn_dense;

/* Portable form, any shape; no scratch. x and y must not overlap. Always MN_OK. */
mn_status mn_dense_s8(const mn_dense *p, const int8_t *x, int8_t *y);

/* A scale per output. */
typedef struct {
    const int8_t *weights;
    const mn_channel *channels;
    int32_t batches, in_n, out_n;
    int16_t out_zero_point;
    int16_t out_min, out_max;
} mn_dense_channels;

/* As mn_dense_s8. */
mn_status mn_dense_channels_s8(const mn_dense_channels *p, const int8_t *x, int8_t *y);

#endif
