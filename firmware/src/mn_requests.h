/* SPDX-License-Identifier: Apache-2.0 */
/* One handler per request. PROTOCOL.md defines the payloads. */
#ifndef MN_REQUESTS_H
#define MN_REQUESTS_H

#include <stddef.h>
#include <stdint.h>

#include "mn_frame.h"

/* What a handler answers. With `error` 0, `bytes` of payload have been written; else an error goes out. */
typedef struct {
    size_t bytes;
    uint8_t error; /* mn_error_code or 0 */
    uint32_t detail;
} mn_answer;

/* Each reads the request's payload and writes at most MN_MAX_PAYLOAD bytes to `reply`, which never overlaps it.
 * `garbled_frames`: how many were dropped so far because they were garbled or too long. */
mn_answer mn_answer_hello(const mn_frame *request, uint8_t *reply, uint32_t garbled_frames);
mn_answer mn_answer_tensor(const mn_frame *request, uint8_t *reply);
mn_answer mn_answer_load(const mn_frame *request, uint8_t *reply);
mn_answer mn_answer_read(const mn_frame *request, uint8_t *reply);
mn_answer mn_answer_run(const mn_frame *request, uint8_t *reply);
mn_answer mn_answer_profile(const mn_frame *request, uint8_t *reply);
mn_answer mn_answer_peek(const mn_frame *request, uint8_t *reply);
mn_answer mn_answer_baud(const mn_frame *request, uint8_t *reply);
mn_answer mn_answer_reset(const mn_frame *request, uint8_t *reply);

static inline mn_answer mn_answer_payload(size_t bytes)
{
    const mn_answer answer = {bytes, 0, 0};
    return answer;
}

static inline mn_answer mn_answer_error(mn_error_code code, uint32_t detail)
{
    const mn_answer answer = {0, (uint8_t)code, detail};
    return answer;
}

#endif
