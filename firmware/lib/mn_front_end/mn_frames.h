/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of a stream of 16-bit audio, one per hop, and a ring of the int8 frames that are made of them: what front ends of
 * audio share. Only one window of samples and the frames of one input are kept. */
#ifndef MN_FRAMES_H
#define MN_FRAMES_H

#include <stdint.h>

typedef struct {
    uint16_t window; /* samples of a frame */
    uint16_t hop;    /* samples from one frame to the next */
    uint16_t frames; /* of one input */
    uint16_t values; /* of a frame */
} mn_frames;

/* The caller's memory: samples of window, features of frames x values. */
typedef struct {
    int16_t *samples;
    int8_t *features;
    uint32_t held;      /* samples that are there */
    uint32_t skip;      /* samples to drop before the next ones count (hop longer than window) */
    uint32_t next_row;  /* of the ring of frames */
    uint32_t rows;      /* frames since the start, at most frames */
} mn_frames_state;

/* Forgets all samples and frames. */
void mn_frames_reset(mn_frames_state *state);

/* Takes samples until a window is full, and moves samples and count past them. Returns 1 if it is full, 0 if all samples
 * were taken before. */
int32_t mn_frames_take(const mn_frames *p, mn_frames_state *state, const int16_t **samples, uint32_t *count);

/* Where the values of the frame of a full window go. */
int8_t *mn_frames_row(const mn_frames *p, const mn_frames_state *state);

/* To the next frame: drops the samples that it does not share with this one. */
void mn_frames_next(const mn_frames *p, mn_frames_state *state);

/* Writes the latest frames, oldest first, to input: frames x values. Before there are that many frames it writes
 * nothing and returns 0, otherwise 1. */
int32_t mn_frames_input(const mn_frames *p, const mn_frames_state *state, int8_t *input);

#endif
