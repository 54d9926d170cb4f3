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

static int32_t has_strides(const mn_conv2d *p)
{
    return p->stride_h > 1 || p->stride_w > 1;
}

/* Outputs may lie on inputs: as the other pointwise forms, and with strides as windows. */
static int32_t goes_forward(const mn_conv2d *p)
{
    return has_strides(p) || p->out_c <= p->in_c;
}

static void copy_pixels(const mn_conv2d *p, const int8_t *x, int32_t x_step, int32_t pixels, int8_t *to)
{
    for (int32_t i = 0; i < pixels; i++) {
        memcpy(to + i * p->in_c, x + i * x_step, (size_t)p->in_c);
    }
}

/* One to three pixels: inputs and outputs of a whole quad lie elsewhere. */
static void run_rest(const mn_conv2d *p, mn_dsp_few_job job, const int8_t *x, int32_t pixels, int8_t *quad, int8_t *y)
{
    int8_t inputs[4 * MN_FEW_CHANNELS] = {0};
    copy_pixels(p, x, job.x_step, pixels, inputs);
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
    const int32_t quads = pixels / 4, rest = pixels % 4, forward = goes_forward(p);
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

/* Two output channels of a pixel by the general requantization; `weights` are packed as in mn_dsp.h. */
static void finish_exactly(const mn_conv2d *p, const mn_channel *c, const int8_t *weights, const int8_t *x, int8_t *y)
{
    int32_t sums[2] = {c[0].bias, c[1].bias};
    for (int32_t i = 0; i < p->in_c; i += 4, weights += 8) {
        const uint32_t inputs = mn_load4(x + i), even = mn_load4(weights), odd = mn_load4(weights + 4);
        const uint32_t x_even = mn_sxtb16(inputs), x_odd = mn_sxtb16_odd(inputs);
        const uint32_t a_even = mn_sxtb16(even), a_odd = mn_sxtb16(odd);
        sums[0] = mn_smlad(x_even, a_even, mn_smlad(x_odd, a_odd, sums[0]));
        sums[1] = mn_smlad(x_even, mn_sxtb16_odd(mn_ssub16(even, a_even)), sums[1]);
        sums[1] = mn_smlad(x_odd, mn_sxtb16_odd(mn_ssub16(odd, a_odd)), sums[1]);
    }
    for (int32_t k = 0; k < 2; k++) {
        y[k] = mn_finish(sums[k], c[k].multiplier, c[k].shift, p->out_zero_point, p->out_min, p->out_max);
    }
}

/* One to four pixels, all of whose inputs are read first. */
static void run_exactly(const mn_conv2d *p, const int8_t *x, int32_t x_step, int32_t pixels, int8_t *y)
{
    int8_t inputs[4 * MN_FEW_CHANNELS];
    copy_pixels(p, x, x_step, pixels, inputs);
    for (int32_t k = 0; k < pixels; k++, y += p->out_c) {
        for (int32_t i = 0; i < p->out_c; i += 2) {
            finish_exactly(p, p->channels + i, p->weights + i * p->in_c, inputs + k * p->in_c, y + i);
        }
    }
}

/* A row of outputs with scales that mn_dsp_few does not take, in its order. */
static __attribute__((noinline)) void run_row_exactly(const mn_conv2d *p, const mn_dsp_few_job *job, const int8_t *x,
                                                      int32_t pixels, int8_t *y)
{
    const int32_t quads = (pixels + 3) / 4, forward = goes_forward(p);
    for (int32_t i = 0; i < quads; i++) {
        const int32_t first = 4 * (forward ? i : quads - 1 - i), left = pixels - first;
        run_exactly(p, x + first * job->x_step, job->x_step, left < 4 ? left : 4, y + first * job->y_step);
    }
}

mn_status mn_conv2d_few_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const int32_t rows = has_strides(p) ? p->out_h : 1, pixels = has_strides(p) ? p->out_w : p->out_h * p->out_w;
    const int32_t x_row = p->stride_h * p->in_w * p->in_c, y_row = pixels * p->out_c;
    uint32_t *const pairs = (uint32_t *)(void *)scratch;
    mn_dsp_few_job job = {.pairs = pairs, .x_step = p->stride_w * p->in_c, .y_step = p->out_c, .groups = p->in_c / 4};
    job.general = !ends_alike(p);
    job.end = p->exact_finish ? pairs : order_pairs(p, job.general, pairs);
    int8_t *const quad = (int8_t *)(void *)(pairs + (job.end - pairs));
    for (int32_t i = 0; i < rows; i++, x += x_row, y += y_row) {
        if (p->exact_finish) {
            run_row_exactly(p, &job, x, pixels, y);
        } else {
            run_row(p, job, x, pixels, quad, y);
        }
    }
    return MN_OK;
}

#endif
