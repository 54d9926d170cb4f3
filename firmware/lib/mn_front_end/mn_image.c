/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_image.h"

#include <string.h>

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

/* One target value of a frame's row, 8 bits. */
static uint32_t shrunk(const mn_image *p, const mn_image_state *state, const uint8_t *row, uint32_t to, uint32_t channel)
{
    const uint32_t many = state->frame_width, few = p->width;
    if (many == few) {
        return value_at(p, state, row, to, channel);
    }
    uint32_t sum = 0, weights = 0;
    for (uint32_t from = first_of(many, to, few); from < many; from++) {
        const uint32_t part = weight(from, many, to, few);
        if (part == 0u && weights > 0u) {
            break;
        }
        weights += part;
        sum += part * value_at(p, state, row, from, channel);
    }
    return (sum + weights / 2u) / weights;
}

static void finish_row(const mn_image *p, mn_image_state *state, int8_t *input)
{
    const uint32_t values = (uint32_t)p->width * p->channels;
    int8_t *const target = input + state->target_row * values;
    for (uint32_t i = 0; i < values; i++) {
        const uint32_t value = (state->sums[i] + state->weights[0] / 2u) / state->weights[0];
        const int32_t q = (((int32_t)value * p->gain + (1 << 19)) >> 20) + p->zero_point;
        target[i] = (int8_t)(q > INT8_MAX ? INT8_MAX : q < INT8_MIN ? INT8_MIN : q);
    }
    memcpy(state->sums, state->sums + values, values * sizeof state->sums[0]);
    memset(state->sums + values, 0, values * sizeof state->sums[0]);
    state->weights[0] = state->weights[1];
    state->weights[1] = 0;
    state->target_row++;
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
    state->weights[0] = 0;
    state->weights[1] = 0;
    memset(state->sums, 0, 2u * p->width * p->channels * sizeof state->sums[0]);
    return 1;
}

int32_t mn_image_push(const mn_image *p, mn_image_state *state, const uint8_t *row, int8_t *input)
{
    const uint32_t values = (uint32_t)p->width * p->channels, many = state->frame_height, few = p->height;
    uint32_t parts[2];
    while (state->weights[0] > 0u && weight(state->row, many, state->target_row, few) == 0u) {
        finish_row(p, state, input);
    }
    for (uint32_t k = 0; k < 2u; k++) {
        parts[k] = state->target_row + k < few ? weight(state->row, many, state->target_row + k, few) : 0u;
        state->weights[k] += parts[k];
    }
    for (uint32_t i = 0; i < values; i++) {
        const uint32_t value = shrunk(p, state, row, i / p->channels, i % p->channels);
        state->sums[i] += parts[0] * value;
        state->sums[values + i] += parts[1] * value;
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
