/* SPDX-License-Identifier: Apache-2.0 */
/* The features of TensorFlow Lite Micro's audio front end ("micro", as microWakeWord and micro_speech use it) of a stream of
 * 16-bit audio, as int8 inputs of a network, one frame per hop.
 *
 * Whole numbers throughout, rounded as the original rounds: its 16-bit features are equal in every bit, on every core. The
 * front end estimates the steady noise of each band from all samples since the reset, and lowers it. */
#ifndef MN_MICRO_H
#define MN_MICRO_H

#include <stdint.h>

#include "mn_frames.h"

#define MN_MICRO_GAIN_ROWS 32u

typedef struct {
    mn_frames frames;             /* values: bands */
    uint16_t points;              /* of the transform: a power of two, at least window, 64 to 4096 */
    uint16_t bands;
    const int16_t *weights;       /* the window: at most 4096 */
    const int16_t *cosines;       /* cos(2 pi k / points) x 32767 for k = 0 .. points / 4 */
    const uint16_t *edges;        /* bands + 2 bins, from 1 to points / 2: between two, one band falls and the next rises */
    const uint16_t *falling;      /* one per bin from edges[0] to before the last edge: share of the band that falls, at most
                                   * 4096; bit 15 is set where the shares are halves and both round up */
    const int16_t *gains;         /* 3 per row: for noise from 2^row, factors of 1, t and t^2; 0 without gain control */
    uint16_t even, odd;           /* shares of a new frame in the noise of even and odd bands, 14 fraction bits */
    uint16_t least_left;          /* of a band whose noise is subtracted, 14 fraction bits */
    uint16_t level_bits;          /* log2(points) - 6 */
    uint32_t steps;               /* input steps per unit of the features, 24 fraction bits */
    int32_t zero_point;           /* of the input */
} mn_micro;

/* The caller's memory: that of the frames, and bands words of noise. */
typedef struct {
    mn_frames_state frames;
    uint32_t *noise;
} mn_micro_state;

/* Forgets all samples, frames and noise. */
void mn_micro_reset(const mn_micro *p, mn_micro_state *state);

/* Takes count samples, any number of them. Returns the number of frames that they completed. scratch: points words that may be
 * overwritten afterwards. mn_frames_input takes the frames. */
int32_t mn_micro_push(const mn_micro *p, mn_micro_state *state, const int16_t *samples, uint32_t count, int32_t *scratch);

#endif
