/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_image.h"

#include <string.h>

#define SHARE_BITS 22u
#define HALF (1u << (SHARE_BITS - 1u))

/* The weight of pixel `from` of `many` for target pixel `to` of `few`: a triangle about the target's centre that reaches
 * 0 at the centres of its neighbours, in units of 1 / (2 many). */
static uint32_t weight(uint32_t from, uint32_t many, uint32_t to, uint32_t few)
{
    const int32_t apart = (int32_t)((2u * from + 1u) * few) - (int32_t)((2u * to + 1u) * many);
    const int32_t left = (int32_t)(2u * many) - (apart < 0 ? -apart : apart);
    return left > 0 ? (uint32_t)left : 0u;
}

/* The first pixel that has a weight for target pixel `to`. */
static uint32_t first_of(uint32_t many, uint32_t to, uint32_t few)
{
    if (to == 0u) {
        return 0u;
    }
    const uint32_t edge = (2u * to - 1u) * many; /* (2 from + 1) few must be above it */
    return (edge / few + 1u) / 2u;
}

/* One 8-bit value of the frame in the channels of the input; grey as ITU-R BT.601 weighs the colours. */
static uint32_t value_at(const mn_image *p, const mn_image_state *state, const uint8_t *row, uint32_t x, uint32_t channel)
{
    if (state->frame_channels == 1u) {
        return row[x];
    }
    const uint8_t *const pixel = row + 3u * x;
    if (p->channels == 3u) {
        return pixel[channel];
    }
    return (19595u * pixel[0] + 38470u * pixel[1] + 7471u * pixel[2] + 0x8000u) >> 16;
}

/* The sum of the weights for target pixel `to`. */
static uint32_t all_weights(uint32_t many, uint32_t to, uint32_t few)
{
    uint32_t sum = 0;
    for (uint32_t from = first_of(many, to, few), part = 1; from < many && part > 0u; from++) {
        part = weight(from, many, to, few);
        sum += part;
    }
    return sum;
}

/* part / whole with 22 fraction bits, to nearest: Pillow's precision, which decides means that lie between two values.
 * whole is below 2^23, so that 8 bits of the quotient at a time need no 64-bit division. */
static uint32_t share(uint32_t part, uint32_t whole)
{
    uint32_t quotient = 0, rest = part;
    for (uint32_t bits = 0; bits < 3u * 8u; bits += 8u) {
        rest <<= 8;
        quotient = (quotient << 8) + rest / whole;
        rest %= whole;
    }
    return (quotient + 2u) >> 2;
}

static uint32_t by_shares(const mn_image *p, const mn_image_state *state, const uint8_t *row, uint32_t to, uint32_t channel,
                          uint32_t weights)
{
    const uint32_t many = state->frame_width, few = p->width;
    uint32_t sum = HALF;
    for (uint32_t from = first_of(many, to, few), part = 1; from < many && part > 0u; from++) {
        part = weight(from, many, to, few);
        sum += share(part, weights) * value_at(p, state, row, from, channel);
    }
    return sum >> SHARE_BITS;
}

/* One target value of a frame's row, 8 bits. A mean that is not close to the middle of two values is the same by weights as
 * by shares, which take a division each. */
static uint32_t shrunk(const mn_image *p, const mn_image_state *state, const uint8_t *row, uint32_t to, uint32_t channel)
{
    const uint32_t many = state->frame_width, few = p->width;
    if (many == few) {
        return value_at(p, state, row, to, channel);
    }
    const uint32_t first = first_of(many, to, few);
    uint32_t sum = 0, weights = 0, from = first;
    for (uint32_t part = 1; from < many && part > 0u; from++) {
        part = weight(from, many, to, few);
        weights += part;
        sum += part * value_at(p, state, row, from, channel);
    }
    const uint32_t raised = sum + weights / 2u, mean = raised / weights, rest = raised - mean * weights;
    const uint32_t margin = 2u + (uint32_t)(((uint64_t)(from - first) * weights) >> (SHARE_BITS - 8u));
    if (rest < margin || weights - rest < margin) {
        return by_shares(p, state, row, to, channel, weights);
    }
    return mean;
}

static void finish_row(const mn_image *p, mn_image_state *state, int8_t *input)
{
    const uint32_t values = (uint32_t)p->width * p->channels;
    int8_t *const target = input + state->target_row * values;
    for (uint32_t i = 0; i < values; i++) {
        const uint32_t value = (state->sums[i] + HALF) >> SHARE_BITS; /* at most 255, and gain below 2^24: 32 bits */
        const int32_t q = (int32_t)((value * (uint32_t)p->gain + (1u << 19)) >> 20) + p->zero_point;
        target[i] = (int8_t)(q > INT8_MAX ? INT8_MAX : q < INT8_MIN ? INT8_MIN : q);
    }
    memcpy(state->sums, state->sums + values, values * sizeof state->sums[0]);
    memset(state->sums + values, 0, values * sizeof state->sums[0]);
    state->target_row++;
}

/* The share that the frame's next row has in a target row. */
static uint32_t share_of_row(const mn_image *p, const mn_image_state *state, uint32_t to)
{
    const uint32_t many = state->frame_height, few = p->height;
    const uint32_t part = to < few ? weight(state->row, many, to, few) : 0u;
    return part > 0u ? share(part, all_weights(many, to, few)) : 0u;
}

int32_t mn_image_begin(const mn_image *p, mn_image_state *state, uint32_t width, uint32_t height, uint32_t channels)
{
    if (width < p->width || height < p->height || width > MN_IMAGE_MOST_PIXELS || height > MN_IMAGE_MOST_PIXELS ||
        width > 256u * p->width || height > 256u * p->height || (channels != 1u && channels != 3u)) {
        return 0;
    }
    state->frame_width = (uint16_t)width;
    state->frame_height = (uint16_t)height;
    state->frame_channels = (uint16_t)channels;
    state->row = 0;
    state->target_row = 0;
    memset(state->sums, 0, 2u * p->width * p->channels * sizeof state->sums[0]);
    return 1;
}

int32_t mn_image_push(const mn_image *p, mn_image_state *state, const uint8_t *row, int8_t *input)
{
    const uint32_t values = (uint32_t)p->width * p->channels, many = state->frame_height, few = p->height;
    if (state->row >= many) {
        return 1; /* rows behind the frame write nothing */
    }
    while ((2u * state->row + 1u) * few >= (2u * state->target_row + 3u) * many) { /* it has no share any more */
        finish_row(p, state, input);
    }
    const uint32_t part = share_of_row(p, state, state->target_row), next = share_of_row(p, state, state->target_row + 1u);
    for (uint32_t i = 0; i < values; i++) {
        const uint32_t value = shrunk(p, state, row, i / p->channels, i % p->channels);
        state->sums[i] += part * value;
        state->sums[values + i] += next * value;
    }
    state->row++;
    if (state->row < many) {
        return 0;
    }
    while (state->target_row < few) {
        finish_row(p, state, input);
    }
    return 1;
}
