/* SPDX-License-Identifier: Apache-2.0 */
/* From a block's widened inputs to its outputs (mn_dsp_quads.h). */
#include "mn_dsp_quads.h"

#if defined(__ARM_FEATURE_DSP)

int8_t *mn_dsp_finish_quad(const mn_dsp_quads_job *job, const int32_t *acc, int8_t *y, const mn_channel *end);

static int8_t finish(const mn_conv2d *p, int32_t acc, const mn_channel *c)
{
    return mn_finish(acc, c->multiplier, c->shift, p->out_zero_point, p->out_min, p->out_max);
}

/* The general end of a quad, called by mn_dsp_quads.S. acc: A of four pixels with its bias, B without; `end` is past
 * the channels. Returns where the next quad goes. */
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

void mn_dsp_conv_block(const mn_conv2d *p, const uint32_t *x, int32_t pixels, int8_t *staged, int8_t *y)
{
    const int32_t whole = pixels / 4, rest = pixels % 4;
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
        last_channel(&job, x, pixels, y + p->out_c - 1);
    }
}

#endif
