/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_cobs.h"

size_t mn_cobs_encode(uint8_t *buffer, size_t length)
{
    size_t code_at = 0;
    for (size_t i = 1; i <= length; i++) {
        if (buffer[i] == 0) {
            buffer[code_at] = (uint8_t)(i - code_at);
            code_at = i;
        }
    }
    buffer[code_at] = (uint8_t)(length + 1u - code_at);
    return length + 1u;
}

size_t mn_cobs_decode(uint8_t *buffer, size_t length)
{
    size_t in = 0;
    size_t out = 0;
    while (in < length) {
        const size_t code = buffer[in];
        if (code == 0 || code > length - in) {
            return 0;
        }
        for (size_t i = 1; i < code; i++) {
            if (buffer[in + i] == 0) {
                return 0;
            }
            buffer[out++] = buffer[in + i];
        }
        in += code;
        if (in < length && code < 255u) {
            buffer[out++] = 0;
        }
    }
    return out;
}
