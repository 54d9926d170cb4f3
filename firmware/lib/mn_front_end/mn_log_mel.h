/* SPDX-License-Identifier: Apache-2.0 */
/* Log-mel spectrogram of a stream of 16-bit audio as int8 inputs of a network, one frame per hop. With mn_mfcc.h, its
 * cepstral coefficients.
 *
 * Fixed point throughout: every core gets the same bits. It differs from the float arithmetic of the training by one
 * step of an input at most, in few elements. Only one window of samples and the frames of one input are kept. */
#ifndef MN_LOG_MEL_H
#define MN_LOG_MEL_H

#include <stdint.h>

#include "mn_real_fft.h"

typedef struct mn_log_mel mn_log_mel;
struct mn_mfcc;

/* Writes the values of a frame to row. levels: per band, log2 of its energy above the lower limit, 0 to log2_span. */
typedef void (*mn_log_mel_finish_fn)(const mn_log_mel *p, const int32_t *levels, int8_t *row);

struct mn_log_mel {
    mn_real_fft fft;
    uint16_t window;          /* samples of a frame, at most fft.points */
    uint16_t hop;             /* samples from one frame to the next */
    uint16_t bands;
    uint16_t frames;          /* of one input */
    uint16_t values;          /* of a frame: bands, or coefficients */
    mn_log_mel_finish_fn finish; /* mn_log_mel_finish or mn_mfcc_finish */
    const struct mn_mfcc *mfcc;  /* of mn_mfcc_finish, otherwise 0 */
    const int32_t *half_hann; /* hann[i] x 2^31 for i = 0 .. window / 2; the other half mirrors it */
    const uint16_t *edges;    /* bands + 2: the first bin that is not below each border of the filters */
    const uint32_t *rising;   /* one per bin from edges[0] to before the last edge: rise between borders x 2^32 */
    uint64_t floor;           /* added to each energy; energies of full scale 1 are x 2^60 / points^2 here */
    int32_t least_log2;       /* lower limit of log2 of such an energy, 16 fraction bits */
    int32_t log2_span;        /* upper limit minus lower limit, 16 fraction bits */
    int32_t steps;            /* input steps per unit of log2, 20 fraction bits; of mn_log_mel_finish */
    int32_t zero_point;       /* of the input */
    uint32_t most_shift;      /* quiet frames are scaled up by at most 2^most_shift; at most 14 */
};

/* The caller's memory: samples of window, features of frames x values. */
typedef struct {
    int16_t *samples;
    int8_t *features;
    uint32_t held;      /* samples that are there */
    uint32_t skip;      /* samples to drop before the next ones count (hop longer than window) */
    uint32_t next_row;  /* of the ring of frames */
    uint32_t rows;      /* frames since the start, at most frames */
} mn_log_mel_state;

/* Forgets all samples and frames. */
void mn_log_mel_reset(mn_log_mel_state *state);

/* Takes count samples, any number of them. Returns the number of frames that they completed. scratch: fft.points + bands
 * words that may be overwritten afterwards. */
int32_t mn_log_mel_push(const mn_log_mel *p, mn_log_mel_state *state, const int16_t *samples, uint32_t count,
                        int32_t *scratch);

/* Writes the latest frames, oldest first, to input: frames x values. Before there are that many frames it writes
 * nothing and returns 0, otherwise 1. */
int32_t mn_log_mel_input(const mn_log_mel *p, const mn_log_mel_state *state, int8_t *input);

/* The logarithms themselves, quantized. */
void mn_log_mel_finish(const mn_log_mel *p, const int32_t *levels, int8_t *row);

#endif
