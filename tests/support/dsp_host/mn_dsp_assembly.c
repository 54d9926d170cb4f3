/* What the kernels' assembly files do, in C and from their contracts in the headers: the dot products straight from the
 * packed weights, without the trick that packs them. */
#include <stddef.h>

#include "mn_depthwise.h"
#include "mn_dsp_add_table.h"
#include "mn_dsp_dense.h"
#include "mn_dsp_finish_on_host.h"
#include "mn_dsp_fours.h"
#include "mn_dsp_plane.h"
#include "mn_dsp_quads.h"
#include "mn_dsp_tiles.h"

void mn_dsp_finish_pair(mn_dsp_job *job, const int32_t *acc);
void mn_dsp_taps(const int8_t *const *taps, const int8_t *weights, int32_t channel, int32_t count, int32_t sums[4]);
void mn_dsp_taps_finish(const int8_t *const *taps, const int8_t *weights, int32_t channel, int32_t count,
                        const mn_channel *scales, int8_t *y, int32_t zero_code);

typedef struct {
    int32_t a, b;
} two_sums;

/* Weights of term t of a pair: halves 256 * B + A, in the order 0, 2, 1, 3 of each group. */
static two_sums weights_at(const int8_t *weights, int32_t term)
{
    static const int place[4] = {0, 2, 1, 3};
    const int8_t *half = weights + 8 * (term / 4) + 2 * place[term % 4];
    const int32_t a = half[0], whole = 256 * half[1] + (uint8_t)half[0];
    const two_sums pair = {a, (whole - a) / 256};
    return pair;
}

/* One pixel's dot products; its words of group g are at x[g * 2 * lanes] and `lanes` further. */
static two_sums dot_widened(const uint32_t *x, int32_t lanes, const int8_t *weights, int32_t groups)
{
    two_sums sums = {0, 0};
    for (int32_t t = 0; t < 4 * groups; t++) {
        const uint32_t word = x[(t / 4) * 2 * lanes + (t % 2) * lanes];
        const int32_t value = t % 4 < 2 ? host_low(word) : host_high(word);
        const two_sums w = weights_at(weights, t);
        sums.a += value * w.a;
        sums.b += value * w.b;
    }
    return sums;
}

static int8_t finish(int32_t sum, const mn_channel *c, int32_t zero_code)
{
    const int32_t shift = -c->shift - 1;
    if (shift < 0) {
        return 0; /* the partner of an odd channel, whose output goes nowhere */
    }
    return finish_doubled(2 * (sum + c->bias), c->multiplier, zero_code * (1 << shift), shift);
}

void mn_dsp_two_pixels(mn_dsp_job *job)
{
    const int32_t groups = job->groups * job->segments;
    for (; job->pairs > 0; job->pairs--, job->weights += 8 * groups) {
        const two_sums p0 = dot_widened(job->x, 2, job->weights, groups);
        const two_sums p1 = dot_widened(job->x + 1, 2, job->weights, groups);
        const mn_channel *const a = job->channel, *const b = a + 1;
        if (job->exact || job->segments > 1) {
            const int32_t acc[4] = {p0.a + a->bias, p1.a + a->bias, p0.b, p1.b};
            mn_dsp_finish_pair(job, acc);
            continue;
        }
        *job->y0++ = finish(p0.a, a, job->zero_code);
        *job->y0++ = finish(p0.b, b, job->zero_code);
        *job->y1++ = finish(p1.a, a, job->zero_code);
        *job->y1++ = finish(p1.b, b, job->zero_code);
        job->channel += 2;
    }
}

void mn_dsp_dot4(const int8_t *x, const int8_t *pair0, const int8_t *pair1, int32_t groups, int32_t sums[4])
{
    for (int32_t i = 0; i < 4; i++) {
        sums[i] = 0;
    }
    for (int32_t t = 0; t < 4 * groups; t++) {
        const two_sums w0 = weights_at(pair0, t), w1 = weights_at(pair1, t);
        sums[0] += x[t] * w0.a;
        sums[1] += x[t] * w0.b;
        sums[2] += x[t] * w1.a;
        sums[3] += x[t] * w1.b;
    }
}

static void eight_sums(const mn_dsp_eights_job *job, const int8_t *weights, int32_t sums[8])
{
    for (int32_t t = 0; t < job->segments * job->segment_bytes; t++) {
        for (int32_t pair = 0; pair < 4; pair++) {
            const two_sums w = weights_at(weights + 32 * (t / 4) + 8 * pair, t % 4);
            sums[2 * pair] += job->x[t] * w.a;
            sums[2 * pair + 1] += job->x[t] * w.b;
        }
    }
}

void mn_dsp_eights(mn_dsp_eights_job *job)
{
    const int32_t block_bytes = 8 * job->segments * job->segment_bytes;
    for (int32_t block = 0; block < job->blocks; block++) {
        int32_t sums[8];
        memcpy(sums, job->bias + 8 * block, sizeof sums);
        eight_sums(job, job->weights + block * block_bytes, sums);
        if (job->y == NULL) {
            memcpy(job->sums, sums, sizeof sums);
            return;
        }
        for (int32_t i = 0; i < 8; i++) {
            job->y[8 * block + i] = finish_doubled(2 * sums[i], job->multiplier, job->code, job->shift);
        }
    }
}

static int8_t *quad(const mn_dsp_quads_job *job, const uint32_t *x, const int8_t *weights, const mn_channel *a, int8_t *y)
{
    const int32_t groups = job->segments * job->segment_bytes / 8;
    int32_t acc[8];
    for (int32_t i = 0; i < 4; i++) {
        const two_sums sums = dot_widened(x + i, 4, weights, groups);
        acc[i] = sums.a;
        acc[i + 4] = sums.b;
    }
    if (job->exact) {
        for (int32_t i = 0; i < 4; i++) {
            acc[i] += a->bias;
        }
        return mn_dsp_finish_quad(job, acc, y, a + 2);
    }
    for (int32_t i = 0; i < 4; i++) {
        y[0] = finish(acc[i], a, job->zero_code);
        y[1] = finish(acc[i + 4], a + 1, job->zero_code);
        y += job->steps[i < 2 ? i : 2];
    }
    return y;
}

void mn_dsp_quads(const mn_dsp_quads_job *job)
{
    const int32_t pair_bytes = job->segments * job->segment_bytes;
    for (int32_t pair = 0; pair < job->pairs; pair++) {
        const int8_t *weights = job->weights + pair * pair_bytes;
        int8_t *y = job->y + 2 * pair;
        if (job->staged != NULL) {
            memcpy(job->staged, weights, (size_t)pair_bytes);
            weights = job->staged;
        }
        for (int32_t q = 0; q < job->quads; q++) {
            y = quad(job, job->x + q * pair_bytes, weights, job->channel + 2 * pair, y);
        }
    }
}

void mn_dsp_add_table(const mn_dsp_add_table_job *job)
{
    for (ptrdiff_t i = 0; i < job->end - job->y; i++) {
        const int32_t doubled = job->table[(uint8_t)job->minor[i]] + job->major[i] * (1 << 20);
        job->y[i] = finish_doubled(doubled, job->multiplier, job->code, job->shift);
    }
}

/* Byte `term` of a window, in the order of its packed weights, or 0 behind its end. */
static int8_t window_byte(const int8_t *row, int32_t step, const mn_dsp_rows *size, int32_t term)
{
    const int32_t in_words = 4 * size->words, rest = term - size->rows * in_words;
    if (rest < 0) {
        return row[term / in_words * step + term % in_words];
    }
    return rest < size->rows * size->rest ? row[rest / size->rest * step + in_words + rest % size->rest] : 0;
}

void mn_dsp_widen_rows(const int8_t *row, int32_t step, uint32_t *to, const mn_dsp_rows *size)
{
    const int32_t terms = size->rows * (4 * size->words + size->rest);
    for (int32_t t = 0; t < terms; t += 4, to += 8) {
        for (int32_t odd = 0; odd < 2; odd++) {
            const int8_t low = window_byte(row, step, size, t + odd), high = window_byte(row, step, size, t + 2 + odd);
            to[4 * odd] = (uint32_t)(uint16_t)low | (uint32_t)(uint16_t)high << 16;
        }
    }
}

static void tile_sums(const mn_dsp_tiles_job *job, const uint32_t *tiles)
{
    for (int32_t point = 0; point < MN_TILE_POINTS; point++) {
        for (int32_t i = 0; i < MN_TILE_SUMS; i++) {
            int32_t sum = 0;
            for (int32_t pair = 0; pair < 2 * job->groups; pair++) {
                const uint32_t x = tiles[pair * MN_TILE_PAIR_WORDS + 4 * point + i % 4];
                const uint32_t w = job->kernels[pair * MN_KERNEL_PAIR_WORDS + 2 * point + i / 4];
                sum += host_low(x) * host_low(w) + host_high(x) * host_high(w);
            }
            job->sums[MN_TILE_SUMS * point + i] = sum;
        }
    }
}

static int8_t tile_output(const mn_dsp_tiles_job *job, int32_t lane, int32_t channel, int32_t row, int32_t column)
{
    static const int32_t factors[2][4] = {{2, 1, 1, 0}, {0, 1, -1, -2}};
    const mn_dsp_tile_scale *const c = job->scale + channel;
    int32_t sum = 0;
    for (int32_t k = 0; k < MN_TILE_POINTS; k++) {
        sum += factors[row][k / 4] * factors[column][k % 4] * job->sums[MN_TILE_SUMS * k + 4 * channel + lane];
    }
    return finish_doubled(sum / 2 + c->doubled_bias, c->multiplier, c->code, c->shift);
}

void mn_dsp_tiles(const mn_dsp_tiles_job *job)
{
    const uint32_t *tiles = job->tiles;
    for (mn_dsp_tile_place *at = job->places; at < job->end;) {
        tile_sums(job, tiles);
        if (job->exact) {
            return;
        }
        for (int32_t lane = 0; lane < 4 && at < job->end; lane++, at++) {
            for (int32_t channel = 0; channel < 2; channel++, at->first++) {
                for (int32_t i = 3; i >= 0; i--) {
                    job->y[at->first + i / 2 * at->down + i % 2 * at->right] =
                        tile_output(job, lane, channel, i / 2, i % 2);
                }
            }
        }
        tiles += 2 * job->groups * MN_TILE_PAIR_WORDS;
    }
}

static int32_t tile_difference(int32_t number, const int32_t *row)
{
    const int32_t points[4] = {row[0] - row[2], row[1] + row[2], row[2] - row[1], row[1] - row[3]};
    return points[number];
}

static int32_t tile_input(const int8_t *from, int32_t line, int32_t step, int32_t point)
{
    int32_t rows[4];
    for (int32_t i = 0; i < 4; i++) {
        const int32_t column[4] = {from[i * step], from[line + i * step], from[2 * line + i * step],
                                   from[3 * line + i * step]};
        rows[i] = tile_difference(point / 4, column);
    }
    return tile_difference(point % 4, rows);
}

void mn_dsp_tile_inputs(const int8_t *from, int32_t line, int32_t step, uint32_t *to)
{
    for (int32_t pair = 0; pair < step / 2; pair++, to += MN_TILE_PAIR_WORDS) {
        const int8_t *const first = from + pair / 2 * 4 + pair % 2;
        for (int32_t point = 0; point < MN_TILE_POINTS; point++) {
            to[4 * point] = host_halves(tile_input(first, line, step, point), tile_input(first + 2, line, step, point));
        }
    }
}

static void depthwise_3x3(const mn_dsp_plane_job *job, int32_t stride)
{
    const int32_t pairs = job->row_bytes / (4 * stride);
    const int16_t *plane[3] = {job->plane[0], job->plane[1], job->plane[2]};
    int8_t *y = job->y;
    for (int32_t row = 0; row < job->rows; row++, y += job->y_skip) {
        for (int32_t pair = 0; pair < pairs; pair++) {
            int32_t sums[2] = {job->bias, job->bias};
            for (int32_t k = 0; k < 3; k++, plane[k - 1] += 2 * stride) {
                const uint32_t first = job->weights[2 * k], second = job->weights[2 * k + 1];
                const int32_t w[3] = {host_low(first), host_high(first), host_high(second)};
                for (int32_t i = 0; i < 6; i++) {
                    sums[i / 3] += plane[k][i / 3 * stride + i % 3] * w[i % 3];
                }
            }
            for (int32_t i = 1; i >= 0; i--) { /* the first last: with a step of 0 it is the one that counts */
                y[i * job->y_step] = finish_doubled(sums[i], job->multiplier, job->code, job->shift);
            }
            y += 2 * job->y_step;
        }
        for (int32_t k = 0; k < 3; k++) {
            plane[k] += job->row_skip / 2;
        }
    }
}

void mn_dsp_depthwise_3x3_s1(const mn_dsp_plane_job *job)
{
    depthwise_3x3(job, 1);
}

void mn_dsp_depthwise_3x3_s2(const mn_dsp_plane_job *job)
{
    depthwise_3x3(job, 2);
}

static uint32_t word_at(const int16_t *plane)
{
    uint32_t word;
    memcpy(&word, plane, sizeof word);
    return word;
}

void mn_dsp_depthwise_row(mn_dsp_row_job *job)
{
    const int16_t *window = job->window;
    for (; job->pairs > 0; job->pairs--, window += job->pair_bytes / 2) {
        int32_t sums[2] = {job->bias, job->bias};
        const uint32_t *weights = job->weights;
        const int16_t *x = window;
        for (int32_t k = 0; k < job->kernel_h; k++, x += job->row_gap / 2) {
            for (int32_t i = 0; i < job->words; i++, x += 2, weights += 2) {
                sums[0] = mn_smlad(word_at(x), weights[0], sums[0]);
                sums[1] = mn_smlad(word_at(x + job->second / 2), weights[1], sums[1]);
            }
        }
        for (int32_t i = 1; i >= 0; i--) {
            job->y[i * job->y_step] = finish_doubled(sums[i], job->multiplier, job->code, job->shift);
        }
        job->y += 2 * job->y_step;
    }
}

void mn_dsp_taps(const int8_t *const *taps, const int8_t *weights, int32_t channel, int32_t count, int32_t sums[4])
{
    for (int32_t i = 0; i < 4; i++) {
        sums[i] = 0;
        for (int32_t k = 0; k < count; k++) {
            sums[i] += taps[k][channel + i] * weights[4 * k + i];
        }
    }
}

void mn_dsp_taps_finish(const int8_t *const *taps, const int8_t *weights, int32_t channel, int32_t count,
                        const mn_channel *scales, int8_t *y, int32_t zero_code)
{
    int32_t sums[4];
    mn_dsp_taps(taps, weights, channel, count, sums);
    for (int32_t i = 0; i < 4; i++) {
        y[i] = finish(sums[i], scales + i, zero_code);
    }
}

/* Four channels, whose inputs are the bytes of a word. */
static void fours_pixel(const mn_dsp_fours_job *job, const uint32_t *window, int8_t *y)
{
    for (int32_t i = 0; i < 4; i++) {
        int32_t doubled = job->bias[i];
        for (int32_t k = 0; k < 9; k++) {
            const uint32_t weights = job->weights[2 * k + i % 2];
            const int32_t input = host_byte(window[k / 3 * (job->row_bytes / 4) + k % 3], i);
            doubled += input * (i < 2 ? host_low(weights) : host_high(weights));
        }
        y[i] = finish_doubled(doubled, job->scales[i].multiplier, job->scales[i].code, job->scales[i].shift);
    }
}

void mn_dsp_depthwise_fours(mn_dsp_fours_job *job)
{
    const uint32_t *window = job->window;
    int8_t *y = job->y;
    for (; job->rows > 0; job->rows--, window += job->row_skip / 4, y += job->y_skip) {
        for (int32_t i = 0; i < job->columns; i++, window += job->step / 4, y += job->y_step) {
            fours_pixel(job, window, y);
        }
    }
    job->y = y;
}

static void fours_of_pairs(mn_dsp_fours_job *job, int32_t stride)
{
    const uint32_t *window = job->window;
    for (; job->rows > 0; job->rows--, window += job->row_skip / 4, job->y += job->y_skip) {
        for (int32_t i = 0; i < job->columns; i++, window += (job->step + 2 * job->row_bytes) / 4) {
            fours_pixel(job, window, job->y);
            fours_pixel(job, window + stride, job->y + job->y_step);
            job->y += 2 * job->y_step;
        }
    }
}

void mn_dsp_depthwise_fours_s1(mn_dsp_fours_job *job)
{
    fours_of_pairs(job, 1);
}

void mn_dsp_depthwise_fours_s2(mn_dsp_fours_job *job)
{
    fours_of_pairs(job, 2);
}
