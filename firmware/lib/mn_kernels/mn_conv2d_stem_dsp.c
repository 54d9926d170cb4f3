/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D, 3x3 with three input channels: each row of the input is widened once (mn_dsp_stem.h). */
#include "mn_conv2d.h"
#include "mn_dsp_stem.h"

#if defined(__ARM_FEATURE_DSP)

enum { CHANNELS = 3, ROW_TERMS = 9, WHOLE = 4, HALF = 2 };

/* The windows of a row that begin with the same half of a word: every one or every second. */
typedef struct {
    mn_dsp_stem_pair *pairs;
    const uint32_t *x; /* the first window, for slot 0 */
    int32_t quads, rest;
} windows;

/* What the scratch holds: three rows side by side, then the pairs of output channels, for each half of a word with
 * which windows begin. */
typedef struct {
    uint32_t *rows, *data; /* `data`: the first input of the row in slot 0 */
    int32_t words, inputs; /* of a row: all words, and those inputs that a window reaches */
    int32_t each, step;    /* every which pixel belongs to the same windows, and bytes from one to the next */
    windows windows[2];
} stem;

static int32_t smallest(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static void put_half(uint32_t *row, int32_t half, int32_t value)
{
    const int16_t narrow = (int16_t)value;
    memcpy((int8_t *)(row + half / 2 * MN_STEM_ROWS) + half % 2 * HALF, &narrow, HALF);
}

static void fill(const mn_conv2d *p, uint32_t *to, const uint32_t *end, int32_t step)
{
    const uint32_t zero = 0x10001u * (uint16_t)p->in_zero_point;
    for (; to < end; to += step) {
        *to = zero;
    }
}

/* Halves 0 to 3, from 0 and 2 and from 1 and 3. */
static inline void widen_four(uint32_t bytes, uint32_t *to)
{
    const uint32_t even = mn_sxtb16(bytes), odd = mn_sxtb16_odd(bytes);
    to[0] = mn_pkhbt(even, odd);
    to[MN_STEM_ROWS] = mn_pkhtb(odd, even);
}

static inline void widen_row(const int8_t *from, int32_t count, uint32_t *to)
{
    for (; count >= 2 * WHOLE; count -= 2 * WHOLE, from += 2 * WHOLE, to += 4 * MN_STEM_ROWS) {
        const uint32_t first = mn_load4(from), second = mn_load4(from + WHOLE);
        widen_four(first, to);
        widen_four(second, to + 2 * MN_STEM_ROWS);
    }
    for (int32_t i = 0; i < count; i++) {
        put_half(to, i, from[i]);
    }
}

/* A row of the padded input to its slot. What lies before and behind the inputs stays as it is. */
static __attribute__((noinline)) void take_row(const mn_conv2d *p, const stem *s, const int8_t *x, int32_t number)
{
    const int32_t slot = number % MN_STEM_ROWS, in_y = number - p->pad_top;
    if (in_y < 0 || in_y >= p->in_h) {
        fill(p, s->rows + slot, s->rows + MN_STEM_ROWS * s->words, MN_STEM_ROWS);
    } else {
        widen_row(x + in_y * CHANNELS * p->in_w, s->inputs, s->data + slot);
    }
}

/* The weights of a pair, which lie as in mn_conv2d.h, with `moved` halves of zero before a row and the rest behind. */
static void order_weights(const int8_t *packed, int32_t moved, mn_dsp_stem_pair *to)
{
    static const int8_t places[WHOLE] = {0, 2, 1, 3};
    int16_t halves[MN_STEM_ROWS * ROW_TERMS + 1], ordered[2 * MN_STEM_ROW_WORDS];
    memcpy(halves, packed, sizeof halves);
    for (int32_t k = 0; k < MN_STEM_ROWS; k++) {
        ordered[0] = ordered[ROW_TERMS] = 0;
        for (int32_t i = 0; i < ROW_TERMS - 1; i++) {
            ordered[i + moved] = halves[(ROW_TERMS - 1) * k + i / WHOLE * WHOLE + places[i % WHOLE]];
        }
        ordered[ROW_TERMS - 1 + moved] = halves[(ROW_TERMS - 1) * MN_STEM_ROWS + places[k]];
        memcpy(to->weights[k], ordered, sizeof ordered);
    }
}

static mn_dsp_stem_scale scale_of(const mn_conv2d *p, const mn_channel *c)
{
    mn_dsp_stem_scale scale = {2 * c->bias, c->multiplier, 0, 0};
    if (!p->exact_finish) {
        scale.code = mn_dsp_code(p->out_zero_point, c->shift);
        scale.shift = -c->shift - 1;
    }
    return scale;
}

static __attribute__((noinline)) void order_pairs(const mn_conv2d *p, int32_t moved, mn_dsp_stem_pair *to)
{
    const int8_t *packed = p->weights;
    for (int32_t i = 0; i < p->out_c; i += 2, to++, packed += 8 * p->segment_groups) {
        order_weights(packed, moved, to);
        to->scale[0] = scale_of(p, p->channels + i);
        to->scale[1] = scale_of(p, p->channels + i + 1);
    }
}

/* Four pixels by the general requantization, their output channels from job->y on. */
static void finish_exactly(const mn_conv2d *p, mn_dsp_stem_job job)
{
    const mn_channel *c = p->channels;
    for (int32_t i = 0; i < p->out_c; i += 2, c += 2) {
        int8_t *const y = job.y;
        job.pairs = 1;
        mn_dsp_stem(&job);
        for (int32_t k = 0; k < 2 * 4; k++) {
            const mn_channel *const at = c + k / 4;
            y[k % 4 * job.step + k / 4] = mn_finish(job.sums[k] + at->bias, at->multiplier, at->shift,
                                                    p->out_zero_point, p->out_min, p->out_max);
        }
    }
}

static __attribute__((noinline)) void run_exactly(const mn_conv2d *p, mn_dsp_stem_job *job)
{
    for (; job->x < job->end; job->x += MN_STEM_QUAD_WORDS, job->y += 4 * job->step) {
        finish_exactly(p, *job);
    }
}

/* All output channels of some quads of pixels, whose windows begin with the row in `slot`. */
static __attribute__((noinline)) void run_quads(const mn_conv2d *p, const stem *s, const windows *w, int32_t slot,
                                                int32_t first, int32_t quads, int8_t *y)
{
    mn_dsp_stem_job job;
    job.pair = w->pairs;
    for (int32_t k = 0; k < MN_STEM_ROWS; k++) {
        job.rows[slot] = 4 * MN_STEM_ROW_WORDS * k;
        slot = slot < MN_STEM_ROWS - 1 ? slot + 1 : 0;
    }
    job.x = w->x + first * MN_STEM_PIXEL_WORDS;
    job.end = job.x + quads * MN_STEM_QUAD_WORDS;
    job.y = y + first * s->step;
    job.step = s->step;
    job.pairs = p->out_c / 2;
    job.exact = p->exact_finish;
    if (job.exact) {
        run_exactly(p, &job);
    } else {
        mn_dsp_stem(&job);
    }
}

/* A row of outputs. A last quad that is not full begins earlier. */
static void run_row(const mn_conv2d *p, const stem *s, int32_t first_row, int8_t *y)
{
    const int32_t slot = first_row % MN_STEM_ROWS;
    for (int32_t i = 0; i < s->each; i++, y += p->out_c) {
        const windows *const w = s->windows + i;
        run_quads(p, s, w, slot, 0, w->quads, y);
        if (w->rest > 0) {
            run_quads(p, s, w, slot, 4 * w->quads - 4 + w->rest, 1, y);
        }
    }
}

static __attribute__((noinline)) stem set_up(const mn_conv2d *p, int8_t *scratch)
{
    const int32_t padding = CHANNELS * p->pad_left, front = padding + padding % 2;
    const int32_t pixel = CHANNELS * p->stride_w, first = front - padding;
    const int32_t words = (first + (p->out_w - 1) * pixel) / 2 + MN_STEM_ROW_WORDS;
    stem s = {.words = words, .each = p->stride_w == 1 ? 2 : 1};
    s.rows = (uint32_t *)(void *)scratch;
    s.data = s.rows + MN_STEM_ROWS * (front / 2);
    s.inputs = smallest(CHANNELS * p->in_w, 2 * words - front);
    s.step = s.each * p->out_c;
    fill(p, s.rows, s.data, 1);
    fill(p, s.data + MN_STEM_ROWS * (s.inputs / 2), s.rows + MN_STEM_ROWS * words, 1);
    for (int32_t i = 0; i < s.each; i++) {
        const int32_t half = first + i * pixel, pixels = (p->out_w - i + s.each - 1) / s.each;
        windows *const w = s.windows + i;
        w->pairs = (mn_dsp_stem_pair *)(void *)(s.rows + MN_STEM_ROWS * words) + i * (p->out_c / 2);
        w->x = s.rows + half / 2 * MN_STEM_ROWS;
        w->quads = pixels / 4;
        w->rest = pixels % 4;
        order_pairs(p, half % 2, w->pairs);
    }
    return s;
}

mn_status mn_conv2d_stem_dsp(const mn_conv2d *p, const int8_t *x, int8_t *scratch, int8_t *y)
{
    const stem s = set_up(p, scratch);
    int32_t next = 0;
    for (int32_t row = 0; row < p->out_h; row++, y += p->out_w * p->out_c) {
        for (; next < row * p->stride_h + MN_STEM_ROWS; next++) {
            take_row(p, &s, x, next);
        }
        run_row(p, &s, row * p->stride_h, y);
    }
    return MN_OK;
}

#endif
