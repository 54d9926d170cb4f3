/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution by blocks, for the DSP forms of CONV_2D that are given room for them.
 *
 * A block is some quads of pixels, widened to int16. Pair by pair of output channels, weights are copied from flash to
 * SRAM once and then multiplied with all quads: a flash with wait states delivers each weight once per block, not once
 * per two pixels. Inputs of a quad lie, per group of four terms, as (x0, x2) of pixels 0 to 3, then (x1, x3) of these.
 */
#ifndef MN_DSP_QUADS_H
#define MN_DSP_QUADS_H

#include "mn_conv2d.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

/* All pairs of output channels of `quads` times four pixels. mn_dsp_quads.S reads the fields to `exact` at fixed
 * offsets. */
typedef struct {
    const uint32_t *x;
    const int8_t *weights;     /* packed, channel pair after channel pair */
    int8_t *staged;            /* room for the weights of a pair, or NULL: they are read where they are */
    const mn_channel *channel;
    int8_t *y;
    int32_t steps[3]; /* from a pixel to the next; the last also from a quad to the next */
    int32_t quads, pairs; /* at least 1 */
    int32_t segments, segment_bytes;
    int32_t zero_code; /* 2 * zero point of y + 1 */
    int32_t exact;     /* 1: the general requantization */
    const mn_conv2d *conv;
} mn_dsp_quads_job;

void mn_dsp_quads(const mn_dsp_quads_job *job);

/* The general end of a quad, where job->exact is 1. acc: the first channel's sums of four pixels with their bias, then
 * the second's without; `end` is past the two channels. Returns where the next quad goes. */
int8_t *mn_dsp_finish_quad(const mn_dsp_quads_job *job, const int32_t *acc, int8_t *y, const mn_channel *end);

/* A window's rows: whole words of each, and 0 to 3 bytes behind them. */
typedef struct {
    int32_t rows, words, rest;
} mn_dsp_rows;

/* `rows` rows, each `step` bytes after the one before, widened to one lane of a quad: all whole words of all rows, then
 * all rests without gaps. */
void mn_dsp_widen_rows(const int8_t *row, int32_t step, uint32_t *to, const mn_dsp_rows *size);

/* All output channels of `pixels` neighbours, whose quads are at x; the last quad is filled up with its last pixel, and
 * loses its order if it has only one or two.
 * `staged` has room for the weights of a pair, 2 bytes per padded term, or is NULL. */
void mn_dsp_conv_block(const mn_conv2d *p, uint32_t *x, int32_t pixels, int8_t *staged, int8_t *y);

#endif
#endif
