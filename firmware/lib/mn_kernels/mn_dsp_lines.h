/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution of one input channel from lines of words, for the mn_conv2d_lines kernels.
 *
 * A line of outputs is a row or a column of them. Its inputs lie in scratch as words of two, doubled, and from one
 * output to the next a window moves by one word: either both inputs of a word are neighbours on the line and windows
 * are two inputs apart, or they are neighbours across it and windows are one apart. With windows one apart, words of
 * neighbours on the line make two lines: one for every second output. A window is `chains` chains of `taps` words;
 * word j of chain c is word chains * j + c of its line. A form has fixed numbers of both, and runs smaller kernels
 * with weights of zero.
 */
#ifndef MN_DSP_LINES_H
#define MN_DSP_LINES_H

#include "mn_conv2d.h"
#include "mn_dsp.h"

#if defined(__ARM_FEATURE_DSP)

enum { MN_LINES_MOST_TAPS = 20, MN_LINES_SCALE_WORDS = 4 };

/* All lines of outputs of a pair of channels A and B. The assembler files read the fields at fixed offsets.
 *
 * `pair` holds a word of halves 256 * B + A (mn_dsp.h) for each tap, chain after chain, then of A and of B: twice the
 * bias, and multiplier, code and shift as in mn_dsp_finish. A last quad that is not full begins earlier. */
typedef struct {
    const int32_t *pair;
    const uint32_t *x, *last; /* the first and the last quad of the first line */
    int8_t *y;
    int32_t step;       /* from an output to the next, in bytes */
    int32_t back;       /* from the outputs behind whole quads back to those of the last quad, in bytes */
    int32_t line_bytes; /* from a line to the next */
    int32_t skip;       /* from the end of a line of outputs to the next line, in bytes */
    int32_t lines;      /* counted down to 0 */
    int32_t exact;      /* 1: nothing is written but the sums of the first quad, A's, then B's, doubled */
    int32_t sums[8];
} mn_dsp_lines_job;

/* The loop of a form. */
typedef void mn_dsp_lines_run(mn_dsp_lines_job *job);

void mn_dsp_lines_1x5(mn_dsp_lines_job *job);
void mn_dsp_lines_1x8(mn_dsp_lines_job *job);
void mn_dsp_lines_2x3(mn_dsp_lines_job *job);
void mn_dsp_lines_3x2(mn_dsp_lines_job *job);
void mn_dsp_lines_3x5(mn_dsp_lines_job *job);
void mn_dsp_lines_4x5(mn_dsp_lines_job *job);

/* A convolution by a form of `chains` chains of `taps` taps: see mn_conv2d.h. The form is no constant of its own: the
 * modelled time of an op counts functions whose address is in the code of another. */
void mn_dsp_lines(const mn_conv2d_lines *p, const int8_t *x, int8_t *scratch, int8_t *y, mn_dsp_lines_run *run,
                  int32_t chains, int32_t taps);

#endif
#endif
