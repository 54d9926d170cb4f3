/* SPDX-License-Identifier: Apache-2.0 */
/* TENSOR, LOAD, READ and PEEK: the model's inputs and outputs in the arena, and the arena itself. */
#include <string.h>

#include "mn_arena.h"
#include "mn_requests.h"

enum { OUTPUT = 1 };

/* LOAD: u8 input, u32 offset, data. Answers with the bytes written. */
mn_answer mn_answer_load(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes < 5) {
        return mn_answer_error(MN_CODE_LENGTH, 5);
    }
    const uint8_t index = request->payload[0];
    const uint32_t offset = mn_get_u32(request->payload + 1);
    const uint32_t length = (uint32_t)(request->payload_bytes - 5);
    if (index >= mn_the_model.n_inputs) {
        return mn_answer_error(MN_CODE_INDEX, mn_the_model.n_inputs);
    }
    const mn_tensor *const tensor = &mn_the_model.inputs[index];
    if (offset > tensor->bytes || length > tensor->bytes - offset) {
        return mn_answer_error(MN_CODE_RANGE, tensor->bytes);
    }
    memcpy(mn_arena_at(&mn_the_model, tensor->offset) + offset, request->payload + 5, length);
    return mn_answer_payload((size_t)(mn_put_u32(reply, length) - reply));
}

/* PEEK: u32 arena offset, u16 length. Answers with the data: what an op left, to find one that differs. */
mn_answer mn_answer_peek(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes != 6) {
        return mn_answer_error(MN_CODE_LENGTH, 6);
    }
    const uint32_t offset = mn_get_u32(request->payload);
    const uint32_t length = mn_get_u16(request->payload + 4);
    const uint32_t bytes = mn_the_model.arena_bytes;
    if (length > MN_MAX_PAYLOAD || offset > bytes || length > bytes - offset) {
        return mn_answer_error(MN_CODE_RANGE, bytes);
    }
    for (uint32_t i = 0; i < length; i++) { /* the requested bytes may be in two banks */
        reply[i] = (uint8_t)*mn_arena_at(&mn_the_model, offset + i);
    }
    return mn_answer_payload(length);
}

/* READ: u8 output, u32 offset, u16 length. Answers with the data. */
mn_answer mn_answer_read(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes != 7) {
        return mn_answer_error(MN_CODE_LENGTH, 7);
    }
    const uint8_t index = request->payload[0];
    const uint32_t offset = mn_get_u32(request->payload + 1);
    const uint32_t length = mn_get_u16(request->payload + 5);
    if (index >= mn_the_model.n_outputs) {
        return mn_answer_error(MN_CODE_INDEX, mn_the_model.n_outputs);
    }
    const mn_tensor *const tensor = &mn_the_model.outputs[index];
    if (length > MN_MAX_PAYLOAD || offset > tensor->bytes || length > tensor->bytes - offset) {
        return mn_answer_error(MN_CODE_RANGE, tensor->bytes);
    }
    memcpy(reply, mn_arena_at(&mn_the_model, tensor->offset) + offset, length);
    return mn_answer_payload(length);
}

static uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* TENSOR: u8 direction (0 input, 1 output), u8 index. Answers with size and quantization. */
mn_answer mn_answer_tensor(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes != 2) {
        return mn_answer_error(MN_CODE_LENGTH, 2);
    }
    const int is_output = request->payload[0] == OUTPUT;
    const uint16_t count = is_output ? mn_the_model.n_outputs : mn_the_model.n_inputs;
    if (request->payload[0] > OUTPUT || request->payload[1] >= count) {
        return mn_answer_error(MN_CODE_INDEX, count);
    }
    const mn_tensor *const tensor =
        (is_output ? mn_the_model.outputs : mn_the_model.inputs) + request->payload[1];
    uint8_t *at = mn_put_u32(reply, tensor->bytes);
    at = mn_put_u32(at, float_bits(tensor->scale));
    at = mn_put_u32(at, (uint32_t)tensor->zero_point);
    return mn_answer_payload((size_t)(at - reply));
}
