/* SPDX-License-Identifier: Apache-2.0 */
/* HELLO: who is this, what is in it, and on which clock and counter does it run. */
#include <string.h>

#include "mn_board.h"
#include "mn_build_id.h"
#include "mn_model.h"
#include "mn_port.h"
#include "mn_requests.h"
#include "mn_stack.h"

/* From the linker script: .data and .bss together, padding included, the arena and the stack not. */
extern uint8_t mn_ld_static_start[], mn_ld_static_end[];

static const char board_name[] = MN_BOARD_NAME;
static const char core_name[] = MN_CORE_NAME;

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t length)
{
    memcpy(at, bytes, length);
    return at + length;
}

static uint8_t *put_clock_and_counter(uint8_t *at)
{
    const mn_clock clock = mn_port_clock();
    at = mn_put_u32(at, clock.hz);
    at = mn_put_u8(at, clock.source);
    at = mn_put_u8(at, clock.fallback);
    at = mn_put_u8(at, (uint8_t)mn_port_counter_kind());
    return mn_put_u8(at, (uint8_t)mn_port_counted_by());
}

static uint8_t *put_memory(uint8_t *at)
{
    at = mn_put_u32(at, mn_the_model.arena_bytes);
    at = mn_put_u32(at, (uint32_t)(mn_ld_static_end - mn_ld_static_start));
    at = mn_put_u32(at, mn_stack_bytes());
    at = mn_put_u32(at, mn_the_model.constant_bytes);
    return mn_put_u32(at, mn_stack_high_water());
}

static uint8_t *put_model(uint8_t *at)
{
    at = mn_put_u32(at, mn_the_model.n_ops);
    at = mn_put_u16(at, mn_the_model.n_inputs);
    return mn_put_u16(at, mn_the_model.n_outputs);
}

static uint8_t *put_names(uint8_t *at)
{
    at = mn_put_u8(at, (uint8_t)(sizeof board_name - 1));
    at = mn_put_u8(at, (uint8_t)(sizeof core_name - 1));
    at = put_bytes(at, board_name, sizeof board_name - 1);
    return put_bytes(at, core_name, sizeof core_name - 1);
}

mn_answer mn_answer_hello(const mn_frame *request, uint8_t *reply, uint32_t garbled_frames)
{
    if (request->payload_bytes != 0) {
        return mn_answer_error(MN_CODE_LENGTH, 0);
    }
    uint8_t *at = put_bytes(reply, mn_build_id, MN_BUILD_ID_BYTES);
    at = put_memory(put_clock_and_counter(at));
    at = mn_put_u32(at, garbled_frames);
    at = mn_put_u16(put_model(at), MN_MAX_PAYLOAD);
    at = put_names(at);
    return mn_answer_payload((size_t)(at - reply));
}
