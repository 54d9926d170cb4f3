/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of FULLY_CONNECTED with a scale per output. */
#include "mn_dsp_dense.h"

#if defined(__ARM_FEATURE_DSP)

static void finish(const mn_dense_channels *p, const int32_t *sums, int32_t first, int32_t rows, int8_t *y)
{
    const mn_channel *channel = p->channels + first;
    y += first;
    for (int32_t i = 0; i < rows; i++, channel++) {
        const int32_t acc = sums[i] + channel->bias;
        if (p->exact_finish) {
            y[i] = mn_finish(acc, channel->multiplier, channel->shift, p->out_zero_point, p->out_min, p->out_max);
        } else {
            const int32_t code = mn_dsp_code(p->out_zero_point, channel->shift);
            y[i] = mn_dsp_finish(acc, channel->multiplier, channel->shift, code);
        }
    }
}

mn_status mn_dense_channels_dsp(const mn_dense_channels *p, const int8_t *x, int8_t *y)
{
    const int32_t row_bytes = 4 * p->segment_groups * p->segments, in_eights = p->out_n / 8 * 8;
    for (int32_t b = 0; b < p->batches; b++, x += p->in_n, y += p->out_n) {
        for (int32_t o = 0; o < in_eights; o += 8) {
            int32_t sums[8];
            mn_dsp_eights_sums(x, p->weights + o * row_bytes, p->segment_groups, p->segments, sums);
            finish(p, sums, o, 8, y);
        }
        for (int32_t o = in_eights; o < p->out_n; o += 4) {
            const int32_t rows = p->out_n - o < 4 ? p->out_n - o : 4;
            int32_t sums[4];
            mn_dsp_dense_sums(x, p->weights + o * row_bytes, rows, p->segment_groups, p->segments, sums);
            finish(p, sums, o, rows, y);
        }
    }
    return MN_OK;
}

mn_status mn_dense_channels_padded_dsp(const mn_dense_channels *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    mn_dense_channels one = *p;
    one.batches = 1;
    memset(scratch, 0, (size_t)(4 * p->segment_groups * p->segments));
    for (int32_t b = 0; b < p->batches; b++, x += p->in_n, y += p->out_n) {
        memcpy(scratch, x, (size_t)p->in_n);
        mn_dense_channels_dsp(&one, scratch, y);
    }
    return MN_OK;
}

#endif
