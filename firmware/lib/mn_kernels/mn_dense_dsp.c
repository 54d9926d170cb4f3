/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of FULLY_CONNECTED with one weight scale. */
#include "mn_dsp_dense.h"

#if defined(__ARM_FEATURE_DSP)

static void finish(const mn_dense *p, const int32_t *sums, int32_t first, int32_t rows, int8_t *y)
{
    const int32_t *const bias = p->bias + first;
    y += first;
    if (p->exact_finish) {
        for (int32_t i = 0; i < rows; i++) {
            y[i] = mn_finish(sums[i] + bias[i], p->multiplier, p->shift, p->out_zero_point, p->out_min, p->out_max);
        }
        return;
    }
    const int32_t code = mn_dsp_code(p->out_zero_point, p->shift);
    for (int32_t i = 0; i < rows; i++) {
        y[i] = mn_dsp_finish(sums[i] + bias[i], p->multiplier, p->shift, code);
    }
}

/* Eight outputs at a time as long as there are eight. Kept apart, as `others` is: few instructions then run per layer,
 * and small layers wait for few of them. */
static __attribute__((noinline)) void eights(const mn_dense *p, const int8_t *x, int8_t *y)
{
    mn_dsp_eights_job job;
    job.x = x;
    job.weights = p->weights;
    job.bias = p->bias;
    job.y = y;
    job.blocks = p->out_n / 8;
    job.segments = p->segments;
    job.segment_bytes = 4 * p->segment_groups;
    job.multiplier = p->multiplier;
    job.code = mn_dsp_code(p->out_zero_point, p->shift);
    job.shift = -p->shift - 1;
    mn_dsp_eights(&job);
}

static __attribute__((noinline)) void eights_exactly(const mn_dense *p, const int8_t *x, int8_t *y)
{
    const int32_t row_bytes = 4 * p->segment_groups * p->segments;
    for (int32_t o = 0; o < p->out_n / 8 * 8; o += 8) {
        int32_t sums[8];
        mn_dsp_eights_sums(x, p->weights + o * row_bytes, p->segment_groups, p->segments, sums);
        finish(p, sums, o, 8, y);
    }
}

static __attribute__((noinline)) void others(const mn_dense *p, const int8_t *x, int8_t *y)
{
    const int32_t row_bytes = 4 * p->segment_groups * p->segments;
    for (int32_t o = p->out_n / 8 * 8; o < p->out_n; o += 4) {
        const int32_t rows = p->out_n - o < 4 ? p->out_n - o : 4;
        int32_t sums[4];
        mn_dsp_dense_sums(x, p->weights + o * row_bytes, rows, p->segment_groups, p->segments, sums);
        finish(p, sums, o, rows, y);
    }
}

mn_status mn_dense_dsp(const mn_dense *p, const int8_t *x, int8_t *y)
{
    for (int32_t b = p->batches; b > 0; b--, x += p->in_n, y += p->out_n) {
        if (p->out_n >= 8 && p->exact_finish) {
            eights_exactly(p, x, y);
        } else if (p->out_n >= 8) {
            eights(p, x, y);
        }
        if (p->out_n % 8 != 0) {
            others(p, x, y);
        }
    }
    return MN_OK;
}

mn_status mn_dense_padded_dsp(const mn_dense *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    mn_dense one = *p;
    one.batches = 1;
    memset(scratch, 0, (size_t)(4 * p->segment_groups * p->segments));
    for (int32_t b = 0; b < p->batches; b++, x += p->in_n, y += p->out_n) {
        memcpy(scratch, x, (size_t)p->in_n);
        mn_dense_dsp(&one, scratch, y);
    }
    return MN_OK;
}

#endif
