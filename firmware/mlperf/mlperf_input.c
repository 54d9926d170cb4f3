/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_input.h"

#include <string.h>

#include "mlperf_text.h"
#include "mn_arena.h"
#include "mn_mlperf.h"
#include "mn_quantize.h"

/* uint8 is kept as int8: subtracting 128 is the same as flipping the top bit. */
#define STORED_XOR (MN_MLPERF_INPUT == MN_MLPERF_UINT8 ? 0x80u : 0u)

/* SRAM that the protocol costs; micronas/mlperf reports these two by name. */
int8_t mlperf_buffer[MN_MLPERF_INPUT_BYTES];
#if MN_MLPERF_INPUT == MN_MLPERF_FLOAT32
int8_t mlperf_quantized[MN_MLPERF_INPUT_BYTES / sizeof(float)];
#endif

static uint32_t expected;
static uint32_t count;

uint32_t mlperf_input_capacity(void)
{
    return sizeof mlperf_buffer;
}

bool mlperf_input_expect(uint32_t bytes)
{
    if (bytes > sizeof mlperf_buffer) {
        return false;
    }
    expected = bytes;
    count = 0;
    return true;
}

bool mlperf_input_any(void)
{
    return expected != 0;
}

bool mlperf_input_loaded(void)
{
    return expected != 0 && count == expected;
}

void mlperf_input_put(uint8_t byte)
{
    mlperf_buffer[count++] = (int8_t)(byte ^ STORED_XOR);
}

uint32_t mlperf_input_count(void)
{
    return count;
}

uint8_t mlperf_input_byte(uint32_t index)
{
    return (uint8_t)((uint8_t)mlperf_buffer[index] ^ STORED_XOR);
}

static bool size_is_right(void)
{
    if (count == sizeof mlperf_buffer) {
        return true;
    }
    mlperf_text("e-[The input has ");
    mlperf_decimal(count);
    mlperf_text(" bytes, the network takes ");
    mlperf_decimal(sizeof mlperf_buffer);
    mlperf_text("]");
    mlperf_end_line();
    return false;
}

#if MN_MLPERF_INPUT == MN_MLPERF_FLOAT32

static float loaded_float(uint32_t index)
{
    float value;
    memcpy(&value, mlperf_buffer + index * sizeof value, sizeof value);
    return value;
}

static bool has_nan(void)
{
    for (uint32_t i = 0; i < sizeof mlperf_quantized; i++) {
        const float value = loaded_float(i);
        if (value != value) {
            return true;
        }
    }
    return false;
}

bool mlperf_input_prepare(void)
{
    if (!size_is_right()) {
        return false;
    }
    if (has_nan()) {
        mlperf_error("The input holds a NaN");
        return false;
    }
    const mn_tensor *const input = &mn_the_model.inputs[0];
    const mn_quantize quantize = {input->scale, input->zero_point, (int32_t)sizeof mlperf_quantized};
    return mn_quantize_f32(&quantize, mlperf_buffer, mlperf_quantized) == MN_OK;
}

void mlperf_input_give(void)
{
    memcpy(mn_arena_at(&mn_the_model, mn_the_model.inputs[0].offset), mlperf_quantized, sizeof mlperf_quantized);
}

float mlperf_input_error(void)
{
    const mn_tensor *const output = &mn_the_model.outputs[0];
    const int8_t *const values = mn_arena_at(&mn_the_model, output->offset);
    float sum = 0.0f;
    for (uint32_t i = 0; i < sizeof mlperf_quantized; i++) {
        const float difference = output->scale * (float)(values[i] - output->zero_point) - loaded_float(i);
        sum += difference * difference;
    }
    return sum / (float)sizeof mlperf_quantized;
}

#else

bool mlperf_input_prepare(void)
{
    return size_is_right();
}

void mlperf_input_give(void)
{
    memcpy(mn_arena_at(&mn_the_model, mn_the_model.inputs[0].offset), mlperf_buffer, sizeof mlperf_buffer);
}

#endif
