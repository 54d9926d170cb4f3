/* SPDX-License-Identifier: Apache-2.0 */
/* The pointwise convolution of few input channels (mn_dsp_few.h). */
#include "mn_conv2d.h"
#include "mn_dsp_few.h"

#if defined(__ARM_FEATURE_DSP)

enum { LEAST_SHIFT = MN_FEW_SHIFT - 7, MOST_SHIFT = MN_FEW_SHIFT - 1, MOST_BIAS = 1 << 22 };

/* Whether all sums end alike: they fit 32 bits when they are scaled by up to 2^8. */
static int32_t ends_alike(const mn_conv2d *p)
{
    int32_t alike = p->out_zero_point == -128;
    for (int32_t i = 0; i < p->out_c; i++) {
        const mn_channel *const c = p->channels + i;
        alike &= -c->shift >= LEAST_SHIFT && -c->shift <= MOST_SHIFT && c->bias < MOST_BIAS && c->bias > -MOST_BIAS;
    }
    return alike;
}

/* Both halves times 2^bits: what leaves the lower one must not reach the upper one. */
static inline uint32_t scaled(uint32_t halves, int32_t bits)
{
    return halves << bits & ~(((1u << bits) - 1) << 16);
}

static inline void put(uint32_t *to, uint32_t packed, const int32_t bits[2])
{
    const uint32_t a = mn_sxtb16(packed);
    to[0] = scaled(a, bits[0]);
    to[1] = scaled(mn_sxtb16_odd(mn_ssub16(packed, a)), bits[1]);
}

/* Multiplier and code, and the shift if the requantization is the general one. */
static uint32_t *put_scale(const mn_conv2d *p, const mn_channel *c, int32_t general, uint32_t *to)
{
    const int32_t code = general ? mn_dsp_code(p->out_zero_point, c->shift)
                                 : (2 * p->out_zero_point + 1) * (1 << (MN_FEW_SHIFT - 1)) +
                                       (1 << (MN_FEW_SHIFT + c->shift - 1));
    *to++ = (uint32_t)c->multiplier;
    *to++ = (uint32_t)code;
    if (general) {
        *to++ = (uint32_t)(-c->shift - 1);
    }
    return to;
}

/* The pairs of mn_dsp_few.h, from weights packed as in mn_dsp.h. Returns their end. */
static uint32_t *order_pairs(const mn_conv2d *p, int32_t general, uint32_t *to)
{
    const int32_t steps = p->in_c / 2;
    const int8_t *weights = p->weights;
    for (int32_t i = 0; i < p->out_c; i += 2) {
        const mn_channel *const a = p->channels + i, *const b = a + 1;
        const int32_t bits[2] = {general ? 1 : MN_FEW_SHIFT + 1 + a->shift, general ? 1 : MN_FEW_SHIFT + 1 + b->shift};
        *to++ = (uint32_t)a->bias << bits[0];
        *to++ = (uint32_t)b->bias << bits[1];
        put(to, mn_load4(weights + 4 * (steps - 1)), bits);
        to += 2;
        for (int32_t k = 0; k < steps - 1; k++, to += 2, weights += 4) {
            put(to, mn_load4(weights), bits);
        }
        weights += 4;
        to = put_scale(p, a, general, to);
        to = put_scale(p, b, general, to);
    }
    return to;
}

/* One to three pixels: inputs and outputs of a whole quad lie elsewhere. */
static void run_rest(const mn_conv2d *p, mn_dsp_few_job job, const int8_t *x, int32_t pixels, int8_t *quad, int8_t *y)
{
    int8_t inputs[4 * MN_FEW_CHANNELS] = {0};
    for (int32_t i = 0; i < pixels; i++) {
        memcpy(inputs + i * p->in_c, x + i * job.x_step, (size_t)p->in_c);
    }
    job.x = inputs;
    job.x_step = p->in_c;
    job.y = quad;
    job.quads = 1;
    mn_dsp_few(&job);
    memcpy(y, quad, (size_t)(pixels * p->out_c));
}

/* A row of outputs: quads, then what is left; or the other way round. */
static void run_row(const mn_conv2d *p, mn_dsp_few_job job, const int8_t *x, int32_t pixels, int8_t *quad, int8_t *y)
{
    const int32_t quads = pixels / 4, rest = pixels % 4, strided = p->stride_h > 1 || p->stride_w > 1;
    const int32_t forward = strided || p->out_c <= p->in_c;
    const int8_t *const x_rest = x + 4 * quads * job.x_step;
    int8_t *const y_rest = y + 4 * quads * job.y_step;
    if (rest > 0 && !forward) {
        run_rest(p, job, x_rest, rest, quad, y_rest);
    }
    if (quads > 0) {
        job.quads = quads;
        job.x_quad = (forward ? 4 : -4) * job.x_step;
        job.y_quad = (forward ? 4 : -4) * job.y_step;
        job.x = forward ? x : x_rest - 4 * job.x_step;
        job.y = forward ? y : y_rest - 4 * job.y_step;
        mn_dsp_few(&job);
    }
    if (rest > 0 && forward) {
        run_rest(p, job, x_rest, rest, quad, y_rest);
    }
}

mn_status mn_conv2d_few_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int32_t strided = p->stride_h > 1 || p->stride_w > 1;
    const int32_t rows = strided ? p->out_h : 1, pixels = strided ? p->out_w : p->out_h * p->out_w;
    const int32_t x_row = p->stride_h * p->in_w * p->in_c, y_row = pixels * p->out_c;
    uint32_t *const pairs = (uint32_t *)(void *)scratch;
    mn_dsp_few_job job = {.pairs = pairs, .x_step = p->stride_w * p->in_c, .y_step = p->out_c, .groups = p->in_c / 4};
    job.general = !ends_alike(p);
    job.end = order_pairs(p, job.general, pairs);
    int8_t *const quad = (int8_t *)(void *)(pairs + (job.end - pairs));
    for (int32_t i = 0; i < rows; i++) {
        run_row(p, job, x + i * x_row, pixels, quad, y + i * y_row);
    }
    return MN_OK;
}

#endif
