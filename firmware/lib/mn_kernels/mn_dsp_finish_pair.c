/* SPDX-License-Identifier: Apache-2.0 */
/* The general form of what mn_dsp_two_pixels does at the end of a channel pair. */
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

void mn_dsp_finish_pair(mn_dsp_job *job, const int32_t *acc);

/* acc: A of both pixels with its bias, B of both pixels without. */
void mn_dsp_finish_pair(mn_dsp_job *job, const int32_t *acc)
{
    const mn_channel *a = job->channel, *b = a + 1;
    const int32_t zero = job->zero_point, low = job->low, high = job->high;
    *job->y0++ = mn_finish(acc[0], a->multiplier, a->shift, zero, low, high);
    *job->y1++ = mn_finish(acc[1], a->multiplier, a->shift, zero, low, high);
    *job->y0++ = mn_finish(acc[2] + b->bias, b->multiplier, b->shift, zero, low, high);
    *job->y1++ = mn_finish(acc[3] + b->bias, b->multiplier, b->shift, zero, low, high);
    job->channel += 2;
}

#endif
