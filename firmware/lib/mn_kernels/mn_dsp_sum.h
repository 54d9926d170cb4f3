/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of many int8 vectors, four channels at a time, for pooling and MEAN on DSP cores. */
#ifndef MN_DSP_SUM_H
#define MN_DSP_SUM_H

#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* Four sums in two words of 16-bit halves: channels 0 and 2, 1 and 3. They hold 256 int8 terms. */
typedef struct {
    uint32_t even, odd;
} mn_dsp_sum;

static inline mn_dsp_sum mn_dsp_sum_add(mn_dsp_sum sum, const int8_t *x)
{
    const uint32_t bytes = mn_load4(x);
    sum.even = mn_sxtab16(sum.even, bytes);
    sum.odd = mn_sxtab16_odd(sum.odd, bytes);
    return sum;
}

static inline void mn_dsp_sum_flush(mn_dsp_sum sum, int32_t sums[4])
{
    sums[0] += (int16_t)(uint16_t)sum.even;
    sums[1] += (int16_t)(uint16_t)sum.odd;
    sums[2] += (int32_t)sum.even >> 16;
    sums[3] += (int32_t)sum.odd >> 16;
}

/* sums[c] += x[i * step + c] over `count` steps. */
static inline void mn_dsp_sum_run(const int8_t *x, int32_t count, int32_t step, int32_t sums[4])
{
    while (count > 0) {
        const int32_t some = count < 256 ? count : 256;
        mn_dsp_sum part = {0, 0};
        count -= some;
        for (int32_t i = some; i > 0; i--, x += step) {
            part = mn_dsp_sum_add(part, x);
        }
        mn_dsp_sum_flush(part, sums);
    }
}

#endif
#endif
