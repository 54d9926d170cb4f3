/* SPDX-License-Identifier: Apache-2.0 */
/* Four outputs of a dense layer at once, for its DSP forms. */
#ifndef MN_DSP_DENSE_H
#define MN_DSP_DENSE_H

#include "mn_dense.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

void mn_dsp_dot4(const int8_t *x, const int8_t *pair0, const int8_t *pair1, int32_t groups, int32_t sums[4]);

/* x . w for up to four rows, weights starting at a pair of rows; the second pair is the first again where
 * there is only one. */
static inline void mn_dsp_dense_sums(const int8_t *x, const int8_t *weights, int32_t rows, int32_t groups,
                                     int32_t segments, int32_t sums[4])
{
    const int32_t segment_bytes = 8 * groups;
    const int8_t *second = weights + (rows > 2 ? segment_bytes * segments : 0);
    mn_dsp_dot4(x, weights, second, groups, sums);
    for (int32_t s = 1; s < segments; s++) {
        int32_t part[4];
        x += 4 * groups;
        weights += segment_bytes;
        second += segment_bytes;
        mn_dsp_dot4(x, weights, second, groups, part);
        for (int32_t i = 0; i < 4; i++) {
            sums[i] += part[i];
        }
    }
}

#endif
#endif
