/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_micro.h"

#include <string.h>

#include "mn_micro_spectrum.h"

#define WEIGHT_BITS 12u
#define WHOLE (1u << WEIGHT_BITS)
#define SHARE_BITS 14u
#define NOISE_BITS 10u
#define GAIN_BITS 21u
#define RATIO_BITS 12u
#define COMPRESSED_BITS 6u
#define LOG_BITS 16u

/* log2(1 + i / 128) - i / 128, 16 fraction bits. */
static const uint16_t bends[129] = {
    0, 224, 442, 654, 861, 1063, 1259, 1450, 1636, 1817, 1992, 2163, 2329, 2490, 2646, 2797,
    2944, 3087, 3224, 3358, 3487, 3611, 3732, 3848, 3960, 4068, 4172, 4272, 4368, 4460, 4549, 4633,
    4714, 4791, 4864, 4934, 5001, 5063, 5123, 5178, 5231, 5280, 5326, 5368, 5408, 5444, 5477, 5507,
    5533, 5557, 5578, 5595, 5610, 5622, 5631, 5637, 5640, 5641, 5638, 5633, 5626, 5615, 5602, 5586,
    5568, 5547, 5524, 5498, 5470, 5439, 5406, 5370, 5332, 5291, 5249, 5203, 5156, 5106, 5054, 5000,
    4944, 4885, 4825, 4762, 4697, 4630, 4561, 4490, 4416, 4341, 4264, 4184, 4103, 4020, 3935, 3848,
    3759, 3668, 3575, 3481, 3384, 3286, 3186, 3084, 2981, 2875, 2768, 2659, 2549, 2437, 2323, 2207,
    2090, 1971, 1851, 1729, 1605, 1480, 1353, 1224, 1094, 963, 830, 695, 559, 421, 282, 142,
    0,
};

/* Bits of value up to its first one. */
static uint32_t length_of(uint32_t value)
{
    uint32_t bits = 0;
    for (uint32_t half = 16; half > 0u; half /= 2u) {
        if (value >> half > 0u) {
            value >>= half;
            bits += half;
        }
    }
    return bits + value;
}

/* The square root to the nearest whole number, two bits of value at a time; of a value below 2^32 at most 65535, as in the
 * original. Energies are below 2^44, so that what is left of them fits a word. */
static uint32_t root_of(uint64_t value)
{
    const uint32_t high = (uint32_t)(value >> 32);
    const uint32_t bits = high > 0u ? 32u + length_of(high) : length_of((uint32_t)value);
    uint32_t root = 0, rest = 0;
    if (bits == 0u) {
        return 0u;
    }
    value <<= (64u - bits) & ~1u;
    for (uint32_t i = 0; i < bits; i += 2u, value <<= 2) {
        const uint32_t trial = root * 4u + 1u;
        rest = rest * 4u + (uint32_t)(value >> 62);
        root *= 2u;
        if (rest >= trial) {
            rest -= trial;
            root++;
        }
    }
    return root + (rest > root && (high > 0u || root < 0xffffu));
}

/* The weighed sample, or 0 behind the window. */
static int32_t weighed(const mn_micro *p, const int16_t *samples, uint32_t i)
{
    return i < p->frames.window ? (samples[i] * p->weights[i]) >> WEIGHT_BITS : 0;
}

static uint32_t larger(uint32_t most, int32_t value)
{
    const uint32_t size = value == INT16_MIN ? 0u : (uint32_t)(value < 0 ? -value : value);
    return size > most ? size : most;
}

/* The weighed window in the order of the transform. Returns the largest magnitude, of which -32768 is none: the original has no
 * 16 bits for it. */
static uint32_t load(const mn_micro *p, const int16_t *samples, int32_t *values)
{
    uint32_t most = 0, place = 0;
    for (uint32_t i = 0; i < p->points; i += 2u) {
        const int32_t even = weighed(p, samples, i), odd = weighed(p, samples, i + 1u);
        values[2u * place] = even;
        values[2u * place + 1u] = odd;
        most = larger(larger(most, even), odd);
        place = mn_micro_next_place(p->points, place);
    }
    return most;
}

/* Values x 2^shift, of which 16 bits stay: only -32768 loses any. */
static void raise(uint32_t points, uint32_t shift, int32_t *values)
{
    for (uint32_t i = 0; i < points && shift > 0u; i++) {
        values[i] = values[i] == INT16_MIN ? 0 : values[i] * ((int32_t)1 << shift);
    }
}

/* Lowers a band by its steady noise. */
static uint32_t less_noise(const mn_micro *p, uint32_t band, uint32_t level, uint32_t *noise)
{
    const uint32_t share = band % 2u > 0u ? p->odd : p->even, scaled = level << NOISE_BITS;
    const uint64_t mixed = (uint64_t)scaled * share + (uint64_t)*noise * ((1u << SHARE_BITS) - share);
    *noise = (uint32_t)(mixed >> SHARE_BITS);
    const uint32_t above = *noise > scaled ? 0u : (scaled - *noise) >> NOISE_BITS;
    const uint32_t least = (uint32_t)(((uint64_t)level * p->least_left) >> SHARE_BITS);
    return above > least ? above : least;
}

/* A power of the noise, by a parabola between two powers of two. */
static int32_t gain_of(const int16_t *gains, uint32_t noise)
{
    if (noise <= 1u) {
        return gains[noise];
    }
    const uint32_t row = length_of(noise) - 1u;
    const int32_t t = (int32_t)((row < 10u ? noise << (10u - row) : noise >> (row - 10u)) & 0x3ffu);
    const int16_t *const at = gains + 3u * row;
    const int32_t slope = ((at[2] * t) >> 5) + at[1] * 32;
    return at[0] + ((slope * t + (1 << 14)) >> 15);
}

/* The ratio to the noise, compressed: a parabola up to 2, then a line. */
static uint32_t levelled(const mn_micro *p, uint32_t level, uint32_t noise)
{
    const uint64_t product = (uint64_t)level * (uint32_t)gain_of(p->gains, noise);
    const uint32_t ratio = (uint32_t)(product >> (GAIN_BITS - p->level_bits - RATIO_BITS));
    if (ratio < 2u << RATIO_BITS) {
        return (ratio * ratio) >> (2u + 2u * RATIO_BITS - COMPRESSED_BITS);
    }
    return (ratio >> (RATIO_BITS - COMPRESSED_BITS)) - (1u << COMPRESSED_BITS);
}

/* 64 ln(level); 0 for 0 and 1. */
static uint32_t logarithm(uint32_t level)
{
    if (level <= 1u) {
        return 0u;
    }
    const uint32_t whole = length_of(level) - 1u, rest = level - (1u << whole);
    const uint32_t part = whole < LOG_BITS ? rest << (LOG_BITS - whole) : rest >> (whole - LOG_BITS);
    const int32_t low = bends[part >> 9], step = bends[(part >> 9) + 1u] - low;
    const int32_t bend = low + ((step * (int32_t)(part & 0x1ffu)) >> LOG_BITS);
    const uint32_t log2 = (whole << LOG_BITS) + part + (uint32_t)bend;
    const uint32_t natural = (uint32_t)(((uint64_t)log2 * 45426u + 0x8000u) >> LOG_BITS); /* ln(2) x 65536 */
    return ((natural << 6) + 0x8000u) >> LOG_BITS;
}

/* To the nearest step, halves to the even one. */
static int8_t quantized(const mn_micro *p, uint32_t feature)
{
    const uint64_t exact = (uint64_t)feature * p->steps, odd = (exact >> 24) & 1u;
    const int32_t q = (int32_t)((exact + 0x7fffffu + odd) >> 24) + p->zero_point;
    return (int8_t)(q > INT8_MAX ? INT8_MAX : q < INT8_MIN ? INT8_MIN : q);
}

static int8_t finished(const mn_micro *p, uint32_t band, uint32_t level, uint32_t *noise)
{
    uint32_t clean = less_noise(p, band, level, noise);
    if (p->gains) {
        clean = levelled(p, clean, *noise);
    }
    return quantized(p, logarithm(clean << p->level_bits));
}

/* Between two edges the filter of one band falls while that of the next rises. */
static void add_frame(const mn_micro *p, mn_micro_state *state, int32_t *values)
{
    const uint32_t shift = 15u - length_of(load(p, state->frames.samples, values));
    raise(p->points, shift, values);
    mn_micro_spectrum(p->points, p->cosines, values);
    int8_t *const row = mn_frames_row(&p->frames, &state->frames);
    const uint16_t *share = p->falling;
    uint64_t risen = 0;
    for (uint32_t band = 0; band <= p->bands; band++) {
        uint64_t falling = 0, rising = 0;
        for (uint32_t bin = p->edges[band]; bin < p->edges[band + 1u]; bin++, share++) {
            const int32_t re = values[2u * bin], im = values[2u * bin + 1u];
            const uint32_t energy = (uint32_t)(re * re) + (uint32_t)(im * im), part = *share & (2u * WHOLE - 1u);
            falling += (uint64_t)energy * part;
            rising += (uint64_t)energy * (WHOLE - part + (*share >> 15));
        }
        if (band > 0u) {
            row[band - 1u] = finished(p, band - 1u, root_of(falling + risen) >> shift, &state->noise[band - 1u]);
        }
        risen = rising;
    }
}

void mn_micro_reset(const mn_micro *p, mn_micro_state *state)
{
    mn_frames_reset(&state->frames);
    memset(state->noise, 0, p->bands * sizeof state->noise[0]);
}

int32_t mn_micro_push(const mn_micro *p, mn_micro_state *state, const int16_t *samples, uint32_t count, int32_t *scratch)
{
    int32_t frames = 0;
    while (mn_frames_take(&p->frames, &state->frames, &samples, &count)) {
        add_frame(p, state, scratch);
        mn_frames_next(&p->frames, &state->frames);
        frames++;
    }
    return frames;
}
