/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of DEPTHWISE_CONV_2D for 3x3 windows, four channels at a time on a strip of their own (mn_dsp_fours.h). The
 * strip rolls down the image, some rows of outputs at a time. Weights and scales are read once for each four channels.
 */
#include "mn_depthwise_plane.h"
#include "mn_dsp_fours.h"

#if defined(__ARM_FEATURE_DSP)

enum { TAPS = 9, FEW_PAIRS = 20 };

/* What runs for every four channels is to be small, because a flash delivers it again each time. */
#define APART __attribute__((noinline))

static APART uint32_t *fill(uint32_t *to, int32_t words, int32_t zero_point)
{
    const uint32_t word = 0x01010101u * (uint8_t)zero_point;
    for (; words > 0; words--) {
        *to++ = word;
    }
    return to;
}

static void copy_row(const int8_t *from, int32_t step, int32_t left, uint32_t *to)
{
    for (; left >= 4; left -= 4, from += 4 * step, to += 4) {
        const uint32_t a = mn_load4(from), b = mn_load4(from + step);
        const uint32_t c = mn_load4(from + 2 * step), d = mn_load4(from + 3 * step);
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
    }
    for (; left > 0; left--, from += step) {
        *to++ = mn_load4(from);
    }
}

static int32_t clamped(int32_t value, int32_t most)
{
    return value < 0 ? 0 : value < most ? value : most;
}

/* `count` rows of the padded image, from row `first` on. What is left and right of the input's columns stays. */
static void load_rows(const mn_depthwise *p, const int8_t *x, int32_t first, int32_t count, uint32_t *to)
{
    const int32_t above = clamped(p->pad_top - first, count), row = first + above - p->pad_top;
    const int32_t inside = clamped(p->in_h - row, count - above), columns = mn_plane_columns(p);
    to = fill(to, above * p->plane_w, p->in_zero_point);
    x += row * p->x_row;
    for (int32_t i = inside; i > 0; i--, x += p->x_row, to += p->plane_w) {
        copy_row(x, p->x_column, columns, to + p->pad_left);
    }
    fill(to, (count - above - inside) * p->plane_w, p->in_zero_point);
}

/* The rows under `rows` rows of outputs from `out_y` on. What the strip before has of them is moved to the front: in x,
 * outputs may lie there by now. */
static void load_strip(const mn_depthwise *p, const int8_t *x, int32_t out_y, int32_t rows, uint32_t *strip)
{
    const int32_t overlap = out_y > 0 && p->kernel_h > p->stride_h ? p->kernel_h - p->stride_h : 0;
    const int32_t reached = (rows - 1) * p->stride_h + p->kernel_h;
    const uint32_t *from = strip + (p->plane_h - overlap) * p->plane_w;
    uint32_t *to = strip;
    for (int32_t words = overlap * p->plane_w; words > 0; words--) {
        *to++ = *from++;
    }
    load_rows(p, x, out_y * p->stride_h + overlap, reached - overlap, to);
}

/* What does not change from pixel to pixel. */
static void prepare(const mn_depthwise *p, int32_t c, mn_dsp_fours_job *job)
{
    const int8_t *weights = p->weights + TAPS * c;
    for (int32_t k = 0; k < TAPS; k++, weights += 4) {
        const uint32_t bytes = mn_load4(weights);
        job->weights[2 * k] = mn_sxtab16(mn_sxtb16(bytes), bytes);
        job->weights[2 * k + 1] = mn_sxtab16_odd(mn_sxtb16_odd(bytes), bytes);
    }
    const mn_channel *channel = p->channels + c;
    for (int32_t i = 0; i < 4; i++, channel++) {
        job->bias[i] = 2 * channel->bias;
        job->scales[i].multiplier = channel->multiplier;
        job->scales[i].code = mn_dsp_code(p->out_zero_point, channel->shift);
        job->scales[i].shift = -channel->shift - 1;
    }
    job->row_bytes = 4 * p->plane_w;
    job->y_step = p->y_column;
}

/* `rows` rows of outputs: pairs of columns, then the last one of an odd number. A few pairs, and one more, are not worth
 * the code of two loops.
 */
static void run(const mn_depthwise *p, mn_dsp_fours_job *job, const uint32_t *strip, int32_t rows, int8_t *y)
{
    const int32_t step = 4 * p->stride_w, down = p->stride_h * job->row_bytes;
    const int32_t pairs = p->out_w % 2 == 0 || rows * p->out_w > 2 * FEW_PAIRS ? p->out_w / 2 : 0;
    const int32_t others = p->out_w - 2 * pairs;
    if (pairs > 0) {
        job->window = strip;
        job->y = y;
        job->rows = rows;
        job->columns = pairs;
        job->step = 2 * step - 2 * job->row_bytes;
        job->row_skip = down - 2 * pairs * step;
        job->y_skip = p->y_row - 2 * pairs * p->y_column;
        (p->stride_w == 1 ? mn_dsp_depthwise_fours_s1 : mn_dsp_depthwise_fours_s2)(job);
    }
    if (others > 0) {
        job->window = strip + 2 * pairs * p->stride_w;
        job->y = y + 2 * pairs * p->y_column;
        job->rows = rows;
        job->columns = others;
        job->step = step;
        job->row_skip = down - others * step;
        job->y_skip = p->y_row - others * p->y_column;
        mn_dsp_depthwise_fours(job);
    }
}

/* Any requantization: one pixel. */
static void exact_pixel(const mn_depthwise *p, int32_t c, const uint32_t *window, int8_t *y)
{
    const int8_t *weights = p->weights + TAPS * c;
    for (int32_t i = 0; i < 4; i++) {
        const mn_channel *const channel = p->channels + c + i;
        const int8_t *tap = (const int8_t *)(const void *)window + i, *w = weights + i;
        int32_t sum = channel->bias;
        for (int32_t ky = 0; ky < 3; ky++, tap += 4 * p->plane_w, w += 12) {
            sum += tap[0] * w[0] + tap[4] * w[4] + tap[8] * w[8];
        }
        y[i] = mn_finish(sum, channel->multiplier, channel->shift, p->out_zero_point, p->out_min, p->out_max);
    }
}

static APART void exact_rows(const mn_depthwise *p, int32_t c, const uint32_t *strip, int32_t rows, int8_t *y)
{
    for (; rows > 0; rows--, strip += p->stride_h * p->plane_w, y += p->y_row) {
        for (int32_t i = 0; i < p->out_w; i++) {
            exact_pixel(p, c, strip + i * p->stride_w, y + i * p->y_column);
        }
    }
}

mn_status mn_depthwise_fours_dsp(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    uint32_t *const strip = (uint32_t *)(void *)scratch;
    const int32_t most = (p->plane_h - p->kernel_h) / p->stride_h + 1;
    mn_dsp_fours_job job;
    fill(strip, p->plane_h * p->plane_w, p->in_zero_point);
    for (int32_t c = 0; c < p->in_c; c += 4) {
        if (!p->exact_finish) {
            prepare(p, c, &job);
        }
        for (int32_t out_y = 0; out_y < p->out_h; out_y += most) {
            const int32_t rows = p->out_h - out_y < most ? p->out_h - out_y : most;
            int8_t *const to = y + c + out_y * p->y_row;
            load_strip(p, x + c, out_y, rows, strip);
            if (p->exact_finish) {
                exact_rows(p, c, strip, rows, to);
            } else {
                run(p, &job, strip, rows, to);
            }
        }
    }
    return MN_OK;
}

#endif
