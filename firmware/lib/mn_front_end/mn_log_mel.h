/* SPDX-License-Identifier: Apache-2.0 */
/* Log-mel spectrogram of a stream of 16-bit audio as int8 inputs of a network, one frame per hop. With mn_mfcc.h, its
 * cepstral coefficients.
 *
 * Fixed point throughout: every core gets the same bits. It differs from the float arithmetic of the training by one
 * step of an input at most, in few elements. */
#ifndef MN_LOG_MEL_H
#define MN_LOG_MEL_H

#include <stdint.h>

#include "mn_frames.h"
#include "mn_real_fft.h"

typedef struct mn_log_mel mn_log_mel;
struct mn_mfcc;

/* Writes the values of a frame to row. levels: per band, log2 of its energy above the lower limit, 0 to log2_span. */
typedef void (*mn_log_mel_finish_fn)(const mn_log_mel *p, const int32_t *levels, int8_t *row);

struct mn_log_mel {
    mn_real_fft fft;
    mn_frames frames;         /* windows of at most fft.points; values: bands, or coefficients */
    uint16_t bands;
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
    const uint32_t *gains;    /* peak of each band's filter x 2^32; 0 if all are 1 */
};

/* Takes count samples, any number of them. Returns the number of frames that they completed. scratch: fft.points + bands
 * words that may be overwritten afterwards. mn_frames_reset begins a stream, mn_frames_input takes the frames. */
int32_t mn_log_mel_push(const mn_log_mel *p, mn_frames_state *state, const int16_t *samples, uint32_t count,
                        int32_t *scratch);

/* The logarithms themselves, quantized. */
void mn_log_mel_finish(const mn_log_mel *p, const int32_t *levels, int8_t *row);

#endif
