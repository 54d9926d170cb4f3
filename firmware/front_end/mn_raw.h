/* SPDX-License-Identifier: Apache-2.0 */
/* The two requests of firmware that holds a front end, and what that front end is. PROTOCOL.md defines the payloads. */
#ifndef MN_RAW_H
#define MN_RAW_H

#include "mn_requests.h"

/* The generated part, src/model/mn_raw_front_end.c. A unit is what the front end takes at a time: a 16-bit sample, a
 * row of floats, a pixel. */
extern const uint32_t mn_raw_unit_bytes; /* at most MN_RAW_MOST_UNIT_BYTES */
#define MN_RAW_MOST_UNIT_BYTES 512u

/* Forgets all raw samples. */
void mn_raw_reset(void);

/* Takes `count` units, little endian, aligned to four bytes. May overwrite the arena of a network without states. */
void mn_raw_push(const void *units, uint32_t count);

/* Writes the network's first input. Returns 0, and writes nothing, before there are enough units. */
int32_t mn_raw_input(int8_t *input);

mn_answer mn_answer_raw(const mn_frame *request, uint8_t *reply);
mn_answer mn_answer_input(const mn_frame *request, uint8_t *reply);

#endif
