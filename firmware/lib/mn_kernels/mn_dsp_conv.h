/* SPDX-License-Identifier: Apache-2.0 */
/* From two pixels' widened inputs to their outputs, for the DSP forms of CONV_2D. */
#ifndef MN_DSP_CONV_H
#define MN_DSP_CONV_H

#include "mn_conv2d.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

static inline mn_dsp_job mn_dsp_job_for(const mn_conv2d *p, const uint32_t *x)
{
    const mn_dsp_job job = {
        .x = x,
        .weights = p->weights,
        .channel = p->channels,
        .groups = p->segment_groups,
        .segments = p->segments,
        .pairs = p->out_c / 2,
        .zero_code = 2 * p->out_zero_point + 1,
        .exact = p->exact_finish,
        .zero_point = p->out_zero_point,
        .low = p->out_min,
        .high = p->out_max,
    };
    return job;
}

/* All output channels of two pixels. y1 may be y0 when both pixels' inputs are the same. */
static inline void mn_dsp_conv_two_pixels(const mn_conv2d *p, const uint32_t *x, int8_t *y0, int8_t *y1)
{
    mn_dsp_job job = mn_dsp_job_for(p, x);
    job.y0 = y0;
    job.y1 = y1;
    if (job.pairs > 0) {
        mn_dsp_two_pixels(&job);
    }
    if (p->out_c % 2 != 0) { /* the last channel's partner is padding: its output must go nowhere */
        int8_t last0[2], last1[2];
        job.weights = p->weights + (p->out_c - 1) * 4 * p->segment_groups * p->segments;
        job.y0 = last0;
        job.y1 = last1;
        job.pairs = 1;
        mn_dsp_two_pixels(&job);
        y0[p->out_c - 1] = last0[0];
        y1[p->out_c - 1] = last1[0];
    }
}

#endif
#endif
