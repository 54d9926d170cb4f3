/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's frame, row by row, as the int8 input of a network: grey or colour, resized, quantized.
 *
 * The resize is bilinear over the whole area that shrinks to a pixel (a triangle as wide as two target pixels), first
 * along rows, then along columns, each rounded to 8 bits: that of Pillow, which training uses, in every bit.
 * Nothing of the frame is kept but the sums of two target rows. */
#ifndef MN_IMAGE_H
#define MN_IMAGE_H

#include <stdint.h>

#define MN_IMAGE_MOST_PIXELS 4096u /* of a frame's side */

typedef struct {
    uint16_t width;     /* of the input */
    uint16_t height;
    uint16_t channels;  /* 1: grey, 3: red, green, blue */
    int32_t gain;       /* input steps per step of 8 bits, 20 fraction bits; below 2^24 */
    int32_t zero_point; /* the input of black */
} mn_image;

/* The caller's memory: sums of 2 x width x channels. */
typedef struct {
    uint32_t *sums;
    uint16_t frame_width;
    uint16_t frame_height;
    uint16_t frame_channels;
    uint16_t row;        /* of the frame, the next to come */
    uint16_t target_row; /* the first that is not complete */
} mn_image_state;

/* Begins a frame of rows of `width` pixels. Returns 0 for one that is smaller than the input, has a side of more than
 * MN_IMAGE_MOST_PIXELS or shrinks to less than a 256th, or has other channels than 1 or 3; otherwise 1. */
int32_t mn_image_begin(const mn_image *p, mn_image_state *state, uint32_t width, uint32_t height, uint32_t channels);

/* Takes the next row: frame_width x frame_channels bytes. Writes the rows of the input that it completes; the input must
 * stay as it is until the frame ends. Returns 1 with the last row, and for rows after it, which write nothing; otherwise 0. */
int32_t mn_image_push(const mn_image *p, mn_image_state *state, const uint8_t *row, int8_t *input);

#endif
