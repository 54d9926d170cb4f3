/* SPDX-License-Identifier: Apache-2.0 */
/* The general end of a quad, called by mn_dsp_quads.S where the multipliers are not short. */
#include "mn_dsp_quads.h"

#if defined(__ARM_FEATURE_DSP)

static int8_t finish(const mn_conv2d *p, int32_t acc, const mn_channel *c)
{
    return mn_finish(acc, c->multiplier, c->shift, p->out_zero_point, p->out_min, p->out_max);
}

int8_t *mn_dsp_finish_quad(const mn_dsp_quads_job *job, const int32_t *acc, int8_t *y, const mn_channel *end)
{
    const mn_channel *a = end - 2, *b = end - 1;
    for (int32_t i = 0; i < 4; i++) {
        y[0] = finish(job->conv, acc[i], a);
        y[1] = finish(job->conv, acc[i + 4] + b->bias, b);
        y += job->steps[i < 2 ? i : 2];
    }
    return y;
}

#endif
