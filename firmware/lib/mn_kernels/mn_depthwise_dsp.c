/* SPDX-License-Identifier: Apache-2.0 */
/* DSP form of DEPTHWISE_CONV_2D, channel by channel on a strip of a separate plane (mn_dsp_plane.h). The strip rolls
 * down the plane, some rows of outputs at a time. */
#include "mn_depthwise_plane.h"
#include "mn_dsp_plane.h"

#if defined(__ARM_FEATURE_DSP)

/* What runs for every channel of a whole plane must stay below 1 KB, the cache of an STM32's flash: the rest is not
 * to be inlined. */
#define APART __attribute__((noinline))

/* Rows of padding; a row is whole words. */
static int16_t *fill_rows(const mn_depthwise *p, int32_t rows, int16_t *to)
{
    const uint32_t pair = 0x00010001u * (uint16_t)p->in_zero_point;
    uint32_t *word = (uint32_t *)(void *)to;
    for (int32_t i = rows * p->plane_w / 2; i > 0; i--) {
        *word++ = pair;
    }
    return (int16_t *)(void *)word;
}

/* One row of a channel, four elements a turn. */
static void copy_row(const int8_t *from, int32_t step, int32_t left, int16_t *to)
{
    for (; left >= 4; left -= 4, from += 4 * step, to += 4) {
        to[0] = from[0];
        to[1] = from[step];
        to[2] = from[2 * step];
        to[3] = from[3 * step];
    }
    for (; left > 0; left--, from += step) {
        *to++ = *from;
    }
}

/* `count` rows of the channel x[0] to the middle of rows that hold padding on both sides. */
static int16_t *copy_rows(const mn_depthwise *p, const int8_t *x, int32_t count, int16_t *to)
{
    const int32_t columns = mn_plane_columns(p);
    for (; count > 0; count--, x += p->x_row, to += p->plane_w) {
        copy_row(x, p->x_column, columns, to + p->pad_left);
    }
    return to;
}

static int32_t clamped(int32_t value, int32_t most)
{
    return value < 0 ? 0 : value < most ? value : most;
}

/* `count` rows of the padded plane of the channel x[0], from row `first` on. */
static void load_rows(const mn_depthwise *p, const int8_t *x, int32_t first, int32_t count, int16_t *to)
{
    const int32_t above = clamped(p->pad_top - first, count), row = first + above - p->pad_top;
    const int32_t inside = clamped(p->in_h - row, count - above);
    to = fill_rows(p, above, to);
    to = copy_rows(p, x + row * p->x_row, inside, to);
    fill_rows(p, count - above - inside, to);
}

/* The strip of the plane that output rows from `out_y` on see, `rows` of them. What the strip before it has of that is
 * moved to the front: in x, outputs may lie there by now. */
static APART void load_strip(const mn_depthwise *p, const int8_t *x, int32_t out_y, int32_t rows, int16_t *strip)
{
    const int32_t overlap = out_y > 0 && p->kernel_h > p->stride_h ? p->kernel_h - p->stride_h : 0;
    const int32_t reached = (rows - 1) * p->stride_h + p->kernel_h;
    uint32_t *to = (uint32_t *)(void *)strip;
    const uint32_t *from = to + (p->plane_h - overlap) * p->plane_w / 2;
    for (int32_t words = overlap * p->plane_w / 2; words > 0; words--) {
        *to++ = *from++;
    }
    load_rows(p, x, out_y * p->stride_h + overlap, reached - overlap, strip + overlap * p->plane_w);
}

static int32_t weight_words(const mn_depthwise *p)
{
    return p->kernel_w / 2 + 1;
}

/* The next of `left` weights times `scale`, 0 past the last. */
static int32_t next_tap(const int8_t **weights, int32_t step, int32_t *left, int32_t scale)
{
    if (*left == 0) {
        return 0;
    }
    const int32_t tap = scale * **weights;
    *weights += step;
    *left -= 1;
    return tap;
}

/* Rows of pairs of weights, each pair in the form for the first output, then for the second. */
static void pack_weights(const mn_depthwise *p, const int8_t *weights, int32_t scale, uint32_t *packed)
{
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        int32_t left = p->kernel_w, before = 0;
        for (int32_t k = weight_words(p); k > 0; k--) {
            const int32_t a = next_tap(&weights, p->out_c, &left, scale);
            const int32_t b = next_tap(&weights, p->out_c, &left, scale);
            *packed++ = mn_pack(a, b);
            *packed++ = p->stride_w % 2 != 0 ? mn_pack(before, a) : mn_pack(a, b);
            before = b;
        }
    }
}

/* Any window, any requantization: one row of outputs. */
static void exact_row(const mn_depthwise *p, const mn_channel *channel, const uint32_t *packed,
                         const uint32_t *field, int8_t *y)
{
    const int32_t words = weight_words(p), row_words = p->plane_w / 2, second = p->stride_w / 2;
    for (int32_t left = p->out_w; left > 0; left -= 2, field += p->stride_w) {
        int32_t sum0 = channel->bias, sum1 = channel->bias;
        const uint32_t *w = packed, *x = field;
        for (int32_t ky = 0; ky < p->kernel_h; ky++, x += row_words) {
            for (int32_t k = 0; k < words; k++, w += 2) {
                sum0 = mn_smlad(x[k], w[0], sum0);
                sum1 = mn_smlad(x[k + second], w[1], sum1);
            }
        }
        *y = mn_finish(sum0, channel->multiplier, channel->shift, p->out_zero_point, p->out_min, p->out_max);
        y += p->y_column;
        if (left > 1) {
            *y = mn_finish(sum1, channel->multiplier, channel->shift, p->out_zero_point, p->out_min, p->out_max);
            y += p->y_column;
        }
    }
}

static APART void exact_channel(const mn_depthwise *p, const mn_channel *channel, const int8_t *weights,
                          const int16_t *plane, int32_t rows, uint32_t *packed, int8_t *y)
{
    pack_weights(p, weights, 1, packed);
    for (; rows > 0; rows--, plane += p->stride_h * p->plane_w, y += p->y_row) {
        exact_row(p, channel, packed, (const uint32_t *)(const void *)plane, y);
    }
}

/* An odd row's last output is taken by itself, twice onto the same place. */
static void row_of_pairs(const mn_depthwise *p, mn_dsp_row_job *job, const int16_t *window, int8_t *y)
{
    const int32_t pairs = p->out_w / 2;
    job->y = y;
    job->window = window;
    job->pairs = pairs;
    job->y_step = p->y_column;
    if (pairs > 0) {
        mn_dsp_depthwise_row(job);
    }
    if (p->out_w % 2 != 0) {
        job->window = window + 2 * p->stride_w * pairs;
        job->pairs = 1;
        job->y_step = 0;
        mn_dsp_depthwise_row(job);
    }
}

static APART void any_channel(const mn_depthwise *p, const mn_channel *channel, const int8_t *weights,
                        const int16_t *plane, int32_t rows, uint32_t *packed, int8_t *y)
{
    mn_dsp_row_job job = {
        .bias = 2 * channel->bias,
        .multiplier = channel->multiplier,
        .code = mn_dsp_code(p->out_zero_point, channel->shift),
        .shift = -channel->shift - 1,
        .weights = packed,
        .kernel_h = p->kernel_h,
        .words = weight_words(p),
        .row_gap = 2 * p->plane_w - 4 * weight_words(p),
        .second = 4 * (p->stride_w / 2),
        .pair_bytes = 4 * p->stride_w,
    };
    pack_weights(p, weights, 2, packed);
    for (; rows > 0; rows--, plane += p->stride_h * p->plane_w, y += p->y_row) {
        row_of_pairs(p, &job, plane, y);
    }
}

/* `pairs` pairs of columns of outputs from column 2 * `first` on, in job->rows rows. */
static void columns_3x3(const mn_depthwise *p, mn_dsp_plane_job *job, const int16_t *plane, int32_t first,
                        int32_t pairs)
{
    plane += 2 * first * p->stride_w;
    job->row_bytes = 4 * pairs * p->stride_w;
    job->row_skip = 2 * p->stride_h * p->plane_w - job->row_bytes;
    job->y_skip = p->y_row - 2 * pairs * job->y_step;
    job->plane[0] = plane;
    job->plane[1] = plane + p->plane_w;
    job->plane[2] = plane + 2 * p->plane_w;
    (p->stride_w == 1 ? mn_dsp_depthwise_3x3_s1 : mn_dsp_depthwise_3x3_s2)(job);
}

/* The last of an odd number of columns is taken by itself, both outputs of each pair to the same place. */
static void window_3x3(const mn_depthwise *p, mn_dsp_plane_job *job, const int16_t *plane, int8_t *y)
{
    const int32_t pairs = p->out_w / 2;
    job->y = y;
    job->y_step = p->y_column;
    if (pairs > 0) {
        columns_3x3(p, job, plane, 0, pairs);
    }
    if (p->out_w % 2 != 0) {
        job->y = y + 2 * pairs * p->y_column;
        job->y_step = 0;
        columns_3x3(p, job, plane, pairs, 1);
    }
}

static void channel_3x3(const mn_depthwise *p, const mn_channel *channel, const int8_t *weights,
                        const int16_t *plane, int32_t rows, int8_t *y)
{
    mn_dsp_plane_job job;
    const int32_t step = p->out_c;
    for (int32_t ky = 0; ky < 3; ky++, weights += 3 * step) {
        const int32_t w0 = 2 * weights[0], w1 = 2 * weights[step], w2 = 2 * weights[2 * step];
        job.weights[2 * ky] = mn_pack(w0, w1);
        job.weights[2 * ky + 1] = mn_pack(w1, w2);
    }
    job.rows = rows;
    job.bias = 2 * channel->bias;
    job.multiplier = channel->multiplier;
    job.shift = -channel->shift - 1;
    job.code = mn_dsp_code(p->out_zero_point, channel->shift);
    window_3x3(p, &job, plane, y);
}

/* `rows` rows of output channel c from the strip that they see. */
static void rows_of(const mn_depthwise *p, int32_t c, const int16_t *strip, int32_t rows, uint32_t *packed, int8_t *y)
{
    const int32_t is_3x3 = p->kernel_h == 3 && p->kernel_w == 3 && p->stride_w <= 2 && !p->exact_finish;
    if (is_3x3) {
        channel_3x3(p, p->channels + c, p->weights + c, strip, rows, y);
    } else if (p->exact_finish) {
        exact_channel(p, p->channels + c, p->weights + c, strip, rows, packed, y);
    } else {
        any_channel(p, p->channels + c, p->weights + c, strip, rows, packed, y);
    }
}

/* The same for all output channels of the input channel whose first is c, from output row `out_y` on. */
static void channels_of(const mn_depthwise *p, int32_t c, int32_t out_y, int32_t rows, int16_t *strip, int8_t *y)
{
    uint32_t *const packed = (uint32_t *)(void *)(strip + p->plane_h * p->plane_w);
    for (int32_t i = c; i < c + p->multiplier; i++) {
        rows_of(p, i, strip, rows, packed, y + i + out_y * p->y_row);
    }
}

/* All channels, `most` rows of outputs at a time. */
static APART void by_strips(const mn_depthwise *p, const int8_t *x, int32_t most, int16_t *strip, int8_t *y)
{
    for (int32_t c = 0; c < p->out_c; c += p->multiplier, x++) {
        for (int32_t out_y = 0; out_y < p->out_h; out_y += most) {
            const int32_t rows = p->out_h - out_y < most ? p->out_h - out_y : most;
            load_strip(p, x, out_y, rows, strip);
            channels_of(p, c, out_y, rows, strip, y);
        }
    }
}

mn_status mn_depthwise_dsp(const mn_depthwise *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    int16_t *const strip = (int16_t *)(void *)scratch;
    const int32_t most = (p->plane_h - p->kernel_h) / p->stride_h + 1;
    fill_rows(p, p->plane_h, strip);
    if (most < p->out_h) {
        by_strips(p, x, most, strip, y);
        return MN_OK;
    }
    for (int32_t c = 0; c < p->out_c; c += p->multiplier, x++) { /* the padding stays from channel to channel */
        copy_rows(p, x, mn_plane_input(p).rows, strip + p->pad_top * p->plane_w);
        channels_of(p, c, 0, p->out_h, strip, y);
    }
    return MN_OK;
}

#endif
