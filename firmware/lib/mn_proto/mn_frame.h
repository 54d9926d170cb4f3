/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the micronas device protocol; PROTOCOL.md is the contract.
 *
 * On the wire: COBS(version, type, nonce, payload, CRC-32) and a zero byte. Integers are little endian.
 * All buffers are the caller's. Nothing here blocks, allocates or keeps state.
 */
#ifndef MN_FRAME_H
#define MN_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define MN_PROTOCOL_VERSION 1u
#define MN_MAX_PAYLOAD 240u
#define MN_FRAME_HEADER 6u                                                 /* version, type, nonce */
#define MN_FRAME_MESSAGE (MN_FRAME_HEADER + MN_MAX_PAYLOAD + 4u)           /* ..., payload, CRC */
#define MN_FRAME_BUFFER (1u + MN_FRAME_MESSAGE + 1u)                       /* COBS code, message, delimiter */

typedef enum {
    MN_REQUEST_HELLO = 0x01,
    MN_REQUEST_TENSOR = 0x02,
    MN_REQUEST_LOAD = 0x03,
    MN_REQUEST_RUN = 0x04,
    MN_REQUEST_READ = 0x05,
    MN_REQUEST_PROFILE = 0x06,
    MN_REQUEST_PEEK = 0x07,
    MN_REQUEST_BAUD = 0x08,
    MN_REQUEST_RESET = 0x09,
    MN_REQUEST_RAW = 0x0A,   /* only in firmware with a front end */
    MN_REQUEST_INPUT = 0x0B, /* likewise */
    MN_REPLY_BIT = 0x80, /* a reply's type is its request's with this bit */
    MN_FAULT = 0xFE,
    MN_ERROR = 0xFF
} mn_message_type;

typedef enum {
    MN_CODE_UNKNOWN_TYPE = 1,
    MN_CODE_VERSION = 2,
    MN_CODE_LENGTH = 3,  /* the payload's size does not suit the request */
    MN_CODE_INDEX = 4,   /* no such input, output or op; detail: how many there are */
    MN_CODE_RANGE = 5,   /* offset and length leave the tensor; detail: its size in bytes */
    MN_CODE_OP_FAILED = 6, /* a kernel refused; detail: the op's index */
    MN_CODE_BAUD = 7 /* the UART cannot make this rate closely enough; detail: the nearest it can */
} mn_error_code;

typedef struct {
    uint8_t version;
    uint8_t type;
    uint32_t nonce;
    const uint8_t *payload; /* into the buffer that was decoded */
    size_t payload_bytes;
} mn_frame;

typedef enum { MN_FRAME_OK = 0, MN_FRAME_GARBLED = 1 } mn_frame_status;

/* Decodes what came between two delimiters, in place. On MN_FRAME_GARBLED (not COBS, too short, wrong CRC)
 * the contents of buffer and frame are undefined. The version is not checked here. */
mn_frame_status mn_frame_decode(uint8_t *buffer, size_t length, mn_frame *frame);

/* Where the payload of a frame to be sent goes in a buffer of MN_FRAME_BUFFER bytes. */
uint8_t *mn_frame_payload(uint8_t *buffer);

/* Wraps the payload that lies at mn_frame_payload(buffer) and returns the bytes to send, delimiter included.
 * `payload_bytes` must not be above MN_MAX_PAYLOAD. */
size_t mn_frame_encode(uint8_t *buffer, uint8_t type, uint32_t nonce, size_t payload_bytes);

/* Little-endian integers at any address; the writers return the address after what they wrote. */
uint16_t mn_get_u16(const uint8_t *at);
uint32_t mn_get_u32(const uint8_t *at);
uint8_t *mn_put_u8(uint8_t *at, uint8_t value);
uint8_t *mn_put_u16(uint8_t *at, uint16_t value);
uint8_t *mn_put_u32(uint8_t *at, uint32_t value);

#endif
