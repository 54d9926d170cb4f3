/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of MEAN and SUM over all pixels: four channels at a time. */
#include "mn_dsp_sum.h"
#include "mn_reduce.h"

#if defined(__ARM_FEATURE_DSP)

mn_status mn_reduce_dsp(const mn_reduce *p, const int8_t *x, int8_t *y)
{
    for (int32_t o = 0; o < p->outer; o++, x += (p->reduced - 1) * p->inner) {
        for (int32_t c = 0; c < p->inner; c += 4, x += 4) {
            int32_t sums[4] = {p->offset, p->offset, p->offset, p->offset};
            mn_dsp_sum_run(x, p->reduced, p->inner, sums);
            for (int32_t i = 0; i < 4; i++) {
                *y++ = mn_finish(sums[i], p->multiplier, p->shift, p->out_zero_point, INT8_MIN, INT8_MAX);
            }
        }
    }
    return MN_OK;
}

#endif
