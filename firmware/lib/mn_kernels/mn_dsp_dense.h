/* SPDX-License-Identifier: Apache-2.0 */
/* Eight outputs of a dense layer at once, then four, for its DSP forms.
 *
 * Weights of eight rows lie in one stream, for each group of four terms those of the first pair of rows, the second,
 * the third and the fourth (mn_dsp.h). Rows that are left lie pair by pair. */
#ifndef MN_DSP_DENSE_H
#define MN_DSP_DENSE_H

#include "mn_dense.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* Blocks of eight rows. mn_dsp_eights.S reads the fields at fixed offsets. */
typedef struct {
    const int8_t *x;
    const int8_t *weights; /* a block after another */
    const int32_t *bias;   /* of each row */
    int8_t *y;             /* NULL: of one block, the sums are left in `sums`, at which `bias` may point */
    int32_t blocks;        /* at least 1 */
    int32_t segments, segment_bytes; /* of x */
    int32_t multiplier, code, shift; /* as in mn_dsp_finish, but `shift` is that of its last step, to the right */
    int32_t sums[8];
} mn_dsp_eights_job;

void mn_dsp_eights(mn_dsp_eights_job *job);

/* x . w for eight rows. */
static inline void mn_dsp_eights_sums(const int8_t *x, const int8_t *weights, int32_t groups, int32_t segments,
                                      int32_t sums[8])
{
    mn_dsp_eights_job job = {
        .x = x, .weights = weights, .bias = job.sums, .blocks = 1, .segments = segments, .segment_bytes = 4 * groups};
    mn_dsp_eights(&job);
    memcpy(sums, job.sums, sizeof job.sums);
}

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
