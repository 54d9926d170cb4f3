/* SPDX-License-Identifier: Apache-2.0 */
/* CONV_2D of one input channel by lines of words: fills the lines and runs a form over them (mn_dsp_lines.h). */
#include "mn_dsp_lines.h"

#if defined(__ARM_FEATURE_DSP)

enum { WHOLE = 4, HALVES = 2, NONE = -1 };

/* A direction on the image: along the lines, or across them. */
typedef struct {
    int32_t in, out, kernel, stride, pad;
    int32_t x_step, y_step; /* from an input or output to the next, in bytes */
} axis;

typedef struct {
    const mn_conv2d *conv;
    mn_dsp_lines_run *run;
    int32_t chains, taps;
    axis along, across;
    int32_t pairs_across;
    int32_t every; /* every which output belongs to the same line */
    int32_t zero;  /* input of the padding */
    int16_t places[HALVES * MN_LINES_MOST_TAPS]; /* of each half of a window: where its weights lie, or NONE */
} lines;

/* Some outputs of a line, every first or every second, and the words of their windows. */
typedef struct {
    int32_t outputs, words, bytes;
} part;

/* Words of two inputs: the first of each are `step` apart on a line of inputs, from `at` on; the second lies on the
 * line below it or beside it. */
typedef struct {
    int32_t line, at, step, below, beside;
} chain;

static int32_t clamped(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : (value > high ? high : value);
}

static part part_of(const lines *s, int32_t number)
{
    const int32_t outputs = (s->along.out - number + s->every - 1) / s->every, words = outputs + s->taps - 1;
    const part found = {outputs, words, 4 * s->chains * words};
    return found;
}

static uint32_t doubled(int32_t low, int32_t high)
{
    return mn_pkhbt((uint32_t)(2 * low), (uint32_t)(2 * high));
}

static int32_t input(const lines *s, const int8_t *x, int32_t line, int32_t at)
{
    const int32_t is_inside = line >= 0 && line < s->across.in && at >= 0 && at < s->along.in;
    return is_inside ? x[line * s->across.x_step + at * s->along.x_step] : s->zero;
}

/* Words of a chain of which an input may lie outside: `count` of them from number `i` on. */
static void fill_border(const lines *s, const int8_t *x, chain c, int32_t i, int32_t count, uint32_t *to)
{
    for (to += i * s->chains; count > 0; count--, i++, to += s->chains) {
        const int32_t at = c.at + i * c.step;
        *to = doubled(input(s, x, c.line, at), input(s, x, c.line + c.below, at + c.beside));
    }
}

static void fill_outside(const lines *s, int32_t count, uint32_t *to)
{
    for (; count > 0; count--, to += s->chains) {
        *to = doubled(s->zero, s->zero);
    }
}

static uint32_t twice(uint32_t halves)
{
    return mn_sadd16(halves, halves);
}

/* Words of inputs that lie side by side, four inputs at a time. Returns how many words remain. */
static int32_t fill_by_fours(const int8_t *low, const int8_t *high, int32_t below, int32_t words, int32_t chains,
                             uint32_t *to)
{
    const int32_t step = below ? WHOLE : WHOLE / HALVES;
    for (; words >= step; words -= step, to += step * chains, low += WHOLE, high += WHOLE) {
        const uint32_t bytes = mn_load4(low), even = twice(mn_sxtb16(bytes)), odd = twice(mn_sxtb16_odd(bytes));
        if (below) {
            const uint32_t under = mn_load4(high), second = twice(mn_sxtb16(under)), last = twice(mn_sxtb16_odd(under));
            to[0] = mn_pkhbt(even, second);
            to[chains] = mn_pkhbt(odd, last);
            to[2 * chains] = mn_pkhtb(second, even);
            to[3 * chains] = mn_pkhtb(last, odd);
        } else {
            to[0] = mn_pkhbt(even, odd);
            to[chains] = mn_pkhtb(odd, even);
        }
    }
    return words;
}

/* The first `words` words of a chain. */
static __attribute__((noinline)) void fill_chain(const lines *s, const int8_t *x, chain c, int32_t words, uint32_t *to)
{
    const int32_t last = s->along.in - 1 - c.beside - c.at; /* the last first input of a word, from `at` on */
    const int32_t first = c.at < 0 ? (c.step - 1 - c.at) / c.step : 0;
    const int32_t end = last < 0 ? 0 : last / c.step + 1;
    if (c.line + c.below < 0 || c.line >= s->across.in) {
        fill_outside(s, words, to);
    } else if (c.line < 0 || c.line + c.below >= s->across.in || first >= end || first >= words) {
        fill_border(s, x, c, 0, words, to);
    } else {
        const int32_t bytes = c.step * s->along.x_step, chains = s->chains, stop = end < words ? end : words;
        const int8_t *low = x + c.line * s->across.x_step + (c.at + first * c.step) * s->along.x_step;
        const int8_t *high = low + (c.below ? s->across.x_step : s->along.x_step);
        int32_t rest = stop - first;
        if (s->along.x_step == 1) {
            rest = fill_by_fours(low, high, c.below, rest, chains, to + first * chains);
        }
        const int32_t done = stop - first - rest;
        uint32_t *next = to + (stop - rest) * chains;
        low += done * bytes;
        high += done * bytes;
        for (int32_t i = 0; i < rest; i++, next += chains, low += bytes, high += bytes) {
            *next = doubled(*low, *high);
        }
        fill_border(s, x, c, 0, first, to);
        fill_border(s, x, c, stop, words - stop, to);
    }
}

/* The chains of some lines of outputs: first all lines of every first output, then all of every second. */
static void fill(const lines *s, const int8_t *x, int32_t first, int32_t count, uint32_t *to)
{
    const int32_t below = s->pairs_across, step = below ? 1 : HALVES;
    for (int32_t k = 0; k < s->every; k++) {
        const part of = part_of(s, k);
        for (int32_t i = first; i < first + count; i++, to += of.bytes / 4) {
            chain c = {i * s->across.stride - s->across.pad, k - s->along.pad, step, below, 1 - below};
            for (int32_t number = 0; number < s->chains; number++, c.line += 1 + below) {
                fill_chain(s, x, c, of.words, to + number);
            }
        }
    }
}

/* Where a term lies among the packed weights of a pair, in halves (mn_dsp.h): whole words of rows, then the rest. */
static int16_t place_of(const mn_conv2d *p, int32_t row, int32_t column)
{
    static const int8_t places[WHOLE] = {0, 2, 1, 3};
    const int32_t rest = p->kernel_w % WHOLE, whole = p->kernel_w - rest;
    const int32_t term = column < whole ? row * whole + column : p->kernel_h * whole + row * rest + column - whole;
    return (int16_t)(term / WHOLE * WHOLE + places[term % WHOLE]);
}

static void set_places(lines *s, int32_t is_vertical)
{
    int16_t *place = s->places;
    for (int32_t c = 0; c < s->chains; c++) {
        for (int32_t i = 0; i < HALVES * s->taps; i++, place++) {
            const int32_t across = s->pairs_across ? HALVES * c + i % HALVES : c;
            const int32_t along = s->pairs_across ? i / HALVES : i;
            const int32_t has_weight = across < s->across.kernel && along < s->along.kernel;
            const int32_t row = is_vertical ? along : across, column = is_vertical ? across : along;
            *place = has_weight ? place_of(s->conv, row, column) : NONE;
        }
    }
}

static void set_scale(const mn_conv2d *p, const mn_channel *c, int32_t *to)
{
    to[0] = p->exact_finish ? 0 : 2 * c->bias;
    to[1] = c->multiplier;
    to[2] = p->exact_finish ? 0 : mn_dsp_code(p->out_zero_point, c->shift);
    to[3] = p->exact_finish ? 0 : -c->shift - 1;
}

static inline uint32_t weights_at(const int8_t *packed, int32_t place)
{
    uint16_t both = 0;
    if (place != NONE) {
        memcpy(&both, packed + HALVES * place, sizeof both);
    }
    return both;
}

static void set_pair(const lines *s, int32_t number, int32_t *to)
{
    const int32_t taps = s->chains * s->taps;
    const int8_t *const packed = s->conv->weights + 8 * s->conv->segment_groups * number;
    for (int32_t i = 0; i < taps; i++) {
        const int16_t *const place = s->places + HALVES * i;
        to[i] = (int32_t)mn_pkhbt(weights_at(packed, place[0]), weights_at(packed, place[1]));
    }
    for (int32_t i = 0; i < HALVES; i++) {
        set_scale(s->conv, s->conv->channels + HALVES * number + i, to + taps + MN_LINES_SCALE_WORDS * i);
    }
}

/* The lines of `job` by the general requantization, for channels from `c` on. */
static __attribute__((noinline)) void run_exactly(const lines *s, const part *of, const mn_channel *c,
                                                  const mn_dsp_lines_job *job)
{
    const mn_conv2d *const p = s->conv;
    for (int32_t i = 0; i < job->lines; i++) {
        for (int32_t next = 0; next < of->outputs; next += WHOLE) {
            const int32_t at = clamped(next, 0, of->outputs - WHOLE);
            mn_dsp_lines_job quad = *job;
            quad.x += i * of->bytes / 4 + s->chains * at;
            s->run(&quad);
            int8_t *const y = job->y + i * s->across.y_step + at * job->step;
            for (int32_t k = 0; k < HALVES * WHOLE; k++) {
                const mn_channel *const scale = c + k / WHOLE;
                y[k % WHOLE * job->step + k / WHOLE] =
                    mn_finish(quad.sums[k] / 2 + scale->bias, scale->multiplier, scale->shift, p->out_zero_point,
                              p->out_min, p->out_max);
            }
        }
    }
}

/* All outputs of a pair of channels on some lines, the first of them at y. */
static void run_pair(const lines *s, int32_t number, const uint32_t *x, int32_t count, int8_t *y)
{
    int32_t pair[MN_LINES_MOST_TAPS + 2 * MN_LINES_SCALE_WORDS];
    mn_dsp_lines_job job;
    set_pair(s, number, pair);
    for (int32_t k = 0; k < s->every; k++) {
        const part of = part_of(s, k);
        job.pair = pair;
        job.x = x;
        job.last = x + s->chains * (of.outputs - WHOLE);
        job.y = y + k * s->along.y_step + HALVES * number;
        job.step = s->every * s->along.y_step;
        job.back = (WHOLE - of.outputs % WHOLE) % WHOLE * job.step;
        job.line_bytes = of.bytes;
        job.skip = s->across.y_step - of.outputs * job.step;
        job.lines = count;
        job.exact = s->conv->exact_finish;
        if (job.exact) {
            run_exactly(s, &of, s->conv->channels + HALVES * number, &job);
        } else {
            s->run(&job);
        }
        x += count * of.bytes / 4;
    }
}

static __attribute__((noinline)) void set_up(const mn_conv2d_lines *by_lines, lines *s)
{
    const mn_conv2d *const p = &by_lines->conv;
    const axis down = {p->in_h, p->out_h, p->kernel_h, p->stride_h, p->pad_top, p->in_w, p->out_w * p->out_c};
    const axis right = {p->in_w, p->out_w, p->kernel_w, p->stride_w, p->pad_left, 1, p->out_c};
    s->conv = p;
    s->along = by_lines->is_vertical ? down : right;
    s->across = by_lines->is_vertical ? right : down;
    s->pairs_across = by_lines->pairs_across;
    s->every = s->along.stride == 1 && !s->pairs_across ? HALVES : 1;
    s->zero = p->in_zero_point;
    set_places(s, by_lines->is_vertical);
}

void mn_dsp_lines(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y, mn_dsp_lines_run *run,
                  int32_t chains, int32_t taps)
{
    lines s;
    uint32_t *const words = (uint32_t *)(void *)scratch;
    s.run = run;
    s.chains = chains;
    s.taps = taps;
    set_up(p, &s);
    for (int32_t first = 0; first < s.across.out; first += p->lines) {
        const int32_t left = s.across.out - first, count = left < p->lines ? left : p->lines;
        fill(&s, x, first, count, words);
        for (int32_t i = 0; i < p->conv.out_c / HALVES; i++) {
            run_pair(&s, i, words, count, y + first * s.across.y_step);
        }
    }
}

#endif
