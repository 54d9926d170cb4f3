/* SPDX-License-Identifier: Apache-2.0 */
/* SVDF, int8 with an int16 state: each filter remembers its last `memory` values, weighted over time. */
#ifndef MN_SVDF_H
#define MN_SVDF_H

#include "mn_model.h"

/* units * rank filters; those of a unit follow each other. */
typedef struct {
    const int8_t *feature_weights; /* filter, input */
    const int32_t *feature_bias;   /* of each filter: less zero point of x times its weights */
    const int16_t *time_weights;   /* filter, memory */
    const int32_t *bias;           /* of each unit */
    int32_t in_n, units, rank, memory;
    int32_t feature_multiplier, feature_shift;
    int32_t time_multiplier, time_shift;
    int32_t out_zero_point;
} mn_svdf;

/* No scratch. `state` holds int16 (filter, memory), aligned to words, and is changed; y must not overlap it or x.
 * Always MN_OK. */
mn_status mn_svdf_s8(const mn_svdf *p, const int8_t *x, int8_t *y, int8_t *state);

#endif
