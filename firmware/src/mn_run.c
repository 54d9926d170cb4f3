/* SPDX-License-Identifier: Apache-2.0 */
/* RUN, PROFILE and RESET: inference with the counter read at every op boundary.
 *
 * Counts are differences of a 32-bit counter that wraps, taken op by op, so that a run may be longer than one
 * turn of the counter as long as no single op is. The price is about a dozen instructions per op, which the
 * figures include.
 */
#include <string.h>

#include "mn_arena.h"
#include "mn_crc32.h"
#include "mn_port.h"
#include "mn_requests.h"
#include "mn_reset.h"

enum { MAX_REPEATS = (MN_MAX_PAYLOAD - 1) / 8, MAX_OPS_PER_REPLY = (MN_MAX_PAYLOAD - 8) / 4 };

/* Runs one step and returns its status; *count becomes the counts since the last call, *last moves on. */
static mn_status run_step(uint32_t step, uint32_t *last, uint32_t *count)
{
    const mn_status status = mn_model_run_step(&mn_the_model, step);
    const uint32_t now = mn_port_counter();
    *count = now - *last;
    *last = now;
    return status;
}

static uint32_t inputs_crc(void)
{
    uint32_t crc = 0;
    for (uint16_t i = 0; i < mn_the_model.n_inputs; i++) {
        const mn_tensor *const input = &mn_the_model.inputs[i];
        crc = mn_crc32(crc, (const uint8_t *)mn_arena_at(&mn_the_model, input->offset), input->bytes);
    }
    return crc;
}

/* RESET: the states of the model as before its first run. Answers with their number, u32. */
mn_answer mn_answer_reset(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes != 0) {
        return mn_answer_error(MN_CODE_LENGTH, 0);
    }
    mn_model_reset(&mn_the_model);
    return mn_answer_payload((size_t)(mn_put_u32(reply, mn_the_model.n_states) - reply));
}

/* RUN: u8 repeats, u32 ops to run (more than there are: all). Answers with u8 "the inputs survived", then per
 * run a u64 of counts. */
mn_answer mn_answer_run(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes != 5 || request->payload[0] == 0 || request->payload[0] > MAX_REPEATS) {
        return mn_answer_error(MN_CODE_LENGTH, MAX_REPEATS);
    }
    const uint32_t wanted = mn_get_u32(request->payload + 1), n_steps = mn_model_steps(&mn_the_model);
    const uint32_t before = inputs_crc();
    uint8_t *at = reply + 1;
    for (uint8_t repeat = 0; repeat < request->payload[0]; repeat++) {
        uint64_t total = 0;
        uint32_t last = mn_port_counter();
        for (uint32_t step = 0; step < n_steps; step++) {
            const uint32_t op = mn_model_op_of(&mn_the_model, step);
            uint32_t count;
            if (op >= wanted) {
                continue;
            }
            if (run_step(step, &last, &count) != MN_OK) {
                return mn_answer_error(MN_CODE_OP_FAILED, op);
            }
            total += count;
        }
        at = mn_put_u32(mn_put_u32(at, (uint32_t)total), (uint32_t)(total >> 32));
    }
    reply[0] = inputs_crc() == before;
    return mn_answer_payload((size_t)(at - reply));
}

/* Adds to the little-endian u32 at `sum`. */
static void add_u32(uint8_t *sum, uint32_t count)
{
    mn_put_u32(sum, mn_get_u32(sum) + count);
}

/* PROFILE: u32 first op. Runs the whole model once; answers with the op count, the first op and counts. An op that
 * runs by rows has the sum of its steps. */
mn_answer mn_answer_profile(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes != 4) {
        return mn_answer_error(MN_CODE_LENGTH, 4);
    }
    const uint32_t first = mn_get_u32(request->payload);
    if (first >= mn_the_model.n_ops) {
        return mn_answer_error(MN_CODE_INDEX, mn_the_model.n_ops);
    }
    const uint32_t behind = mn_the_model.n_ops - first, n_steps = mn_model_steps(&mn_the_model);
    const uint32_t shown = behind < MAX_OPS_PER_REPLY ? behind : MAX_OPS_PER_REPLY;
    uint8_t *const counts = mn_put_u32(mn_put_u32(reply, mn_the_model.n_ops), first);
    memset(counts, 0, 4 * shown);
    for (uint32_t step = 0; step < n_steps; step++) {
        const uint32_t op = mn_model_op_of(&mn_the_model, step);
        uint32_t last = mn_port_counter(); /* read again, so that no op's count includes the bookkeeping */
        uint32_t count;
        if (run_step(step, &last, &count) != MN_OK) {
            return mn_answer_error(MN_CODE_OP_FAILED, op);
        }
        if (op >= first && op - first < shown) {
            add_u32(counts + 4 * (op - first), count);
        }
    }
    return mn_answer_payload((size_t)(counts - reply) + 4 * shown);
}
