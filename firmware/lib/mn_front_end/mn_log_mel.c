/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_log2.h"
#include "mn_log_mel.h"
#include "mn_mul_high.h"

/* How far the window can be shifted up so that its largest sample stays within 16 bits. */
static uint32_t free_bits(const mn_log_mel *p, const int16_t *samples)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < p->frames.window; i++) {
        const int32_t sample = samples[i];
        used |= (uint32_t)(sample < 0 ? -(sample + 1) : sample);
    }
    uint32_t shift = 0;
    while (shift < p->most_shift && (used << (shift + 1u)) < 0x8000u) {
        shift++;
    }
    return shift;
}

/* samples x Hann window x 2^(15 + shift), then zeros. */
static void windowed(const mn_log_mel *p, const int16_t *samples, uint32_t shift, int32_t *values)
{
    const int32_t scale = (int32_t)1 << (16u + shift);
    for (uint32_t i = 0; i < p->frames.window; i++) {
        const uint32_t mirrored = i <= p->frames.window / 2u ? i : (uint32_t)p->frames.window - i;
        values[i] = mn_mul_high(samples[i] * scale, p->half_hann[mirrored]);
    }
    memset(values + p->frames.window, 0, (p->fft.points - p->frames.window) * sizeof values[0]);
}

static uint64_t square(int32_t value)
{
    return (uint64_t)((int64_t)value * value);
}

static uint64_t power_of(const mn_log_mel *p, const int32_t *values, uint32_t bin)
{
    if (bin == 0u) {
        return square(values[0]);
    }
    if (bin == p->fft.points / 2u) {
        return square(values[1]);
    }
    return square(values[2u * bin]) + square(values[2u * bin + 1u]);
}

/* The level of one band from its energy, which quiet frames have scaled up by 2^(2 shift). */
static int32_t level(const mn_log_mel *p, uint64_t energy, uint32_t shift)
{
    const uint64_t raised = energy + (p->floor << (2u * shift));
    const int32_t above = mn_log2(raised) - (int32_t)(shift << 17) - p->least_log2;
    return above < 0 ? 0 : above > p->log2_span ? p->log2_span : above;
}

void mn_log_mel_finish(const mn_log_mel *p, const int32_t *levels, int8_t *row)
{
    for (uint32_t band = 0; band < p->bands; band++) {
        const int64_t scaled = (int64_t)levels[band] * p->steps + ((int64_t)1 << 35);
        const int32_t q = (int32_t)(scaled >> 36) + p->zero_point;
        row[band] = (int8_t)(q > INT8_MAX ? INT8_MAX : q < INT8_MIN ? INT8_MIN : q);
    }
}

/* Between two borders the filter of one band rises from 0 to 1 while that of the band before it falls from 1 to 0. */
static void write_levels(const mn_log_mel *p, const int32_t *values, uint32_t shift, int32_t *levels)
{
    const uint32_t *rising = p->rising;
    uint64_t falling_energy = 0;
    for (uint32_t band = 0; band <= p->bands; band++) {
        uint64_t rising_energy = 0;
        for (uint32_t bin = p->edges[band]; bin < p->edges[band + 1u]; bin++, rising++) {
            const uint64_t power = power_of(p, values, bin), part = mn_scaled(power, *rising);
            rising_energy += part;
            falling_energy += power - part;
        }
        if (band > 0u) {
            const uint64_t energy = p->gains ? mn_scaled(falling_energy, p->gains[band - 1u]) : falling_energy;
            levels[band - 1u] = level(p, energy, shift);
        }
        falling_energy = rising_energy;
    }
}

static void add_frame(const mn_log_mel *p, mn_frames_state *state, int32_t *scratch)
{
    const uint32_t shift = free_bits(p, state->samples);
    windowed(p, state->samples, shift, scratch);
    mn_real_fft_run(&p->fft, scratch);
    int32_t *const levels = scratch + p->fft.points;
    write_levels(p, scratch, shift, levels);
    p->finish(p, levels, mn_frames_row(&p->frames, state));
}

int32_t mn_log_mel_push(const mn_log_mel *p, mn_frames_state *state, const int16_t *samples, uint32_t count,
                        int32_t *scratch)
{
    int32_t frames = 0;
    while (mn_frames_take(&p->frames, state, &samples, &count)) {
        add_frame(p, state, scratch);
        mn_frames_next(&p->frames, state);
        frames++;
    }
    return frames;
}
