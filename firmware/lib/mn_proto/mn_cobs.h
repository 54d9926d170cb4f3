/* SPDX-License-Identifier: Apache-2.0 */
/* Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999) for messages of at most 254 bytes.
 *
 * A message that short costs exactly one byte more, so both directions work in the caller's buffer.
 */
#ifndef MN_COBS_H
#define MN_COBS_H

#include <stddef.h>
#include <stdint.h>

#define MN_COBS_MAX_MESSAGE 254u

/* Encodes buffer[1..length] in place, buffer[0] being the room for the first code byte, and returns the
 * encoded size, length + 1. The result holds no zero byte; the caller adds the delimiter.
 * `length` must not be above MN_COBS_MAX_MESSAGE. */
size_t mn_cobs_encode(uint8_t *buffer, size_t length);

/* Decodes `length` bytes (without the delimiter) in place and returns the message's size, 0 when they are
 * not the encoding of a message. After that the buffer's content is unspecified. */
size_t mn_cobs_decode(uint8_t *buffer, size_t length);

#endif
