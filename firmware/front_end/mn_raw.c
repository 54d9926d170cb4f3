/* SPDX-License-Identifier: Apache-2.0 */
/* RAW and INPUT: raw samples through the front end into the network's first input. */
#include "mn_raw.h"

#include <string.h>

#include "mn_arena.h"
#include "mn_port.h"

static uint32_t buffer[(MN_RAW_MOST_UNIT_BYTES + MN_MAX_PAYLOAD) / 4u];
static uint32_t held;     /* bytes in the buffer: less than a unit between two requests */
static uint32_t received; /* bytes since the last reset */

static void take(const uint8_t *bytes, uint32_t length)
{
    uint8_t *const at = (uint8_t *)buffer;
    memcpy(at + held, bytes, length);
    held += length;
    const uint32_t units = held / mn_raw_unit_bytes, taken = units * mn_raw_unit_bytes;
    if (units > 0u) {
        mn_raw_push(buffer, units);
        held -= taken;
        memmove(at, at + taken, held);
    }
}

/* RAW: u32 offset, data. Offset 0 begins anew. Bytes that came before are skipped, so that a request may be repeated.
 * Answers with the bytes since the beginning, u32, and the counts that the front end took, u32. */
mn_answer mn_answer_raw(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes < 4) {
        return mn_answer_error(MN_CODE_LENGTH, 4);
    }
    const uint32_t offset = mn_get_u32(request->payload);
    const uint32_t length = (uint32_t)(request->payload_bytes - 4);
    if (offset == 0u) {
        mn_raw_reset();
        held = 0;
        received = 0;
    }
    if (offset > received) {
        return mn_answer_error(MN_CODE_RANGE, received);
    }
    const uint32_t known = received - offset;
    const uint32_t before = mn_port_counter();
    if (known < length) {
        take(request->payload + 4 + known, length - known);
        received += length - known;
    }
    const uint32_t counts = mn_port_counter() - before;
    return mn_answer_payload((size_t)(mn_put_u32(mn_put_u32(reply, received), counts) - reply));
}

/* INPUT: writes the network's first input. Answers with u32 1, or 0 before there are enough raw samples, and counts. */
mn_answer mn_answer_input(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes != 0) {
        return mn_answer_error(MN_CODE_LENGTH, 0);
    }
    const uint32_t before = mn_port_counter();
    const int32_t written = mn_raw_input(mn_arena_at(&mn_the_model, mn_the_model.inputs[0].offset));
    const uint32_t counts = mn_port_counter() - before;
    return mn_answer_payload((size_t)(mn_put_u32(mn_put_u32(reply, (uint32_t)written), counts) - reply));
}
