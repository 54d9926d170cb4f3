/* SPDX-License-Identifier: Apache-2.0 */
/* Steady decisions from a stream of int8 outputs: the class with the largest mean of the latest few, if large enough. */
#ifndef MN_SMOOTHING_H
#define MN_SMOOTHING_H

#include <stdint.h>

typedef struct {
    uint16_t classes;  /* values of an output */
    uint16_t length;   /* outputs of a mean, at least 1 */
    int16_t threshold; /* least mean for a decision, as a value of the output */
} mn_smoothing;

/* The caller's memory: outputs of length x classes. */
typedef struct {
    int8_t *outputs;
    uint32_t next;
    uint32_t held;
} mn_smoothing_state;

/* Forgets all outputs. */
void mn_smoothing_reset(mn_smoothing_state *state);

/* Takes one output. Returns the class (the first of equals), or -1 before length outputs and below the threshold. */
int32_t mn_smoothing_push(const mn_smoothing *p, mn_smoothing_state *state, const int8_t *output);

#endif
