/* SPDX-License-Identifier: Apache-2.0 */
/* From a block's widened inputs to its outputs (mn_dsp_quads.h). */
#include "mn_dsp_conv.h"
#include "mn_dsp_quads.h"

#if defined(__ARM_FEATURE_DSP)

/* Quads of `pixels` pixels each, 4 where there is more than one: what fills up a quad is written over its last pixel,
 * whose value it has. */
static void run(mn_dsp_quads_job *job, const uint32_t *x, int32_t pixels, int32_t quads, int8_t *y)
{
    const int32_t out_c = job->conv->out_c;
    job->x = x;
    job->y = y;
    job->quads = quads;
    for (int32_t i = 0; i < 3; i++) {
        job->steps[i] = pixels > i + 1 ? out_c : 0;
    }
    mn_dsp_quads(job);
}

/* The last of an odd number of channels: its partner is padding, whose output must go nowhere. */
static void last_channel(mn_dsp_quads_job *job, const uint32_t *x, int32_t pixels, int8_t *y)
{
    const int32_t out_c = job->conv->out_c, quad_words = job->segments * job->segment_bytes;
    int8_t both[8];
    job->weights = job->conv->weights + (out_c - 1) / 2 * job->segments * job->segment_bytes;
    job->channel = job->conv->channels + out_c - 1;
    job->pairs = job->quads = 1;
    job->steps[0] = job->steps[1] = job->steps[2] = 2;
    for (; pixels > 0; pixels -= 4, x += quad_words) {
        job->x = x;
        job->y = both;
        mn_dsp_quads(job);
        for (int32_t i = 0; i < 4 && i < pixels; i++, y += out_c) {
            *y = both[2 * i];
        }
    }
}

/* One or two pixels of a last quad: by the loop of two pixels, with their words side by side. */
static void last_two(const mn_conv2d *p, uint32_t *x, int32_t pixels, int8_t *y)
{
    const int32_t words = 2 * p->segment_groups * p->segments;
    for (int32_t i = 0; i < words; i++) {
        x[2 * i] = x[4 * i];
        x[2 * i + 1] = x[4 * i + 1];
    }
    mn_dsp_conv_two_pixels(p, x, y, y + (pixels - 1) * p->out_c);
}

void mn_dsp_conv_block(const mn_conv2d *p, uint32_t *x, int32_t pixels, int8_t *staged, int8_t *y)
{
    const int32_t whole = pixels / 4, rest = pixels % 4 > 2 ? 3 : 0;
    mn_dsp_quads_job job = {
        .weights = p->weights,
        .staged = staged,
        .channel = p->channels,
        .pairs = p->out_c / 2,
        .segments = p->segments,
        .segment_bytes = 8 * p->segment_groups,
        .zero_code = 2 * p->out_zero_point + 1,
        .exact = p->exact_finish,
        .conv = p,
    };
    if (whole > 0 && job.pairs > 0) {
        run(&job, x, 4, whole, y);
    }
    if (rest > 0 && job.pairs > 0) {
        job.staged = NULL;
        run(&job, x + whole * job.segments * job.segment_bytes, rest, 1, y + 4 * whole * p->out_c);
    }
    if (p->out_c % 2 != 0) {
        job.staged = NULL;
        last_channel(&job, x, 4 * whole + rest, y + p->out_c - 1);
    }
    if (pixels % 4 > rest) {
        last_two(p, x + whole * job.segments * job.segment_bytes, pixels % 4, y + 4 * whole * p->out_c);
    }
}

#endif
