/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_frame.h"

#include "mn_cobs.h"
#include "mn_crc32.h"

uint16_t mn_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | (uint16_t)(at[1] << 8));
}

uint32_t mn_get_u32(const uint8_t *at)
{
    return mn_get_u16(at) | ((uint32_t)mn_get_u16(at + 2) << 16);
}

uint8_t *mn_put_u8(uint8_t *at, uint8_t value)
{
    *at = value;
    return at + 1;
}

uint8_t *mn_put_u16(uint8_t *at, uint16_t value)
{
    return mn_put_u8(mn_put_u8(at, (uint8_t)(value & 0xFFu)), (uint8_t)(value >> 8));
}

uint8_t *mn_put_u32(uint8_t *at, uint32_t value)
{
    return mn_put_u16(mn_put_u16(at, (uint16_t)(value & 0xFFFFu)), (uint16_t)(value >> 16));
}

mn_frame_status mn_frame_decode(uint8_t *buffer, size_t length, mn_frame *frame)
{
    const size_t message = mn_cobs_decode(buffer, length);
    if (message < MN_FRAME_HEADER + 4u || message > MN_FRAME_MESSAGE) {
        return MN_FRAME_GARBLED;
    }
    const size_t body = message - 4u;
    if (mn_crc32(0, buffer, body) != mn_get_u32(buffer + body)) {
        return MN_FRAME_GARBLED;
    }
    frame->version = buffer[0];
    frame->type = buffer[1];
    frame->nonce = mn_get_u32(buffer + 2);
    frame->payload = buffer + MN_FRAME_HEADER;
    frame->payload_bytes = body - MN_FRAME_HEADER;
    return MN_FRAME_OK;
}

uint8_t *mn_frame_payload(uint8_t *buffer)
{
    return buffer + 1 + MN_FRAME_HEADER;
}

size_t mn_frame_encode(uint8_t *buffer, uint8_t type, uint32_t nonce, size_t payload_bytes)
{
    uint8_t *const message = buffer + 1;
    const size_t body = MN_FRAME_HEADER + payload_bytes;
    (void)mn_put_u32(mn_put_u8(mn_put_u8(message, MN_PROTOCOL_VERSION), type), nonce);
    (void)mn_put_u32(message + body, mn_crc32(0, message, body));
    const size_t encoded = mn_cobs_encode(buffer, body + 4u);
    buffer[encoded] = 0;
    return encoded + 1u;
}
