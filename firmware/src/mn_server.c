/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_server.h"

#include "mn_baud.h"
#include "mn_core_instructions.h"
#include "mn_frame.h"
#include "mn_port.h"
#include "mn_requests.h"
#include "mn_reset.h"
#if defined(MN_FRONT_END)
#include "mn_raw.h"
#endif

static uint8_t receive_buffer[MN_FRAME_BUFFER];
static uint8_t reply_buffer[MN_FRAME_BUFFER];
static uint32_t served_nonce;
static uint32_t garbled_frames;

uint8_t *mn_server_reply_buffer(void)
{
    return reply_buffer;
}

uint32_t mn_server_nonce(void)
{
    return served_nonce;
}

/* Bytes of the next non-empty frame; more than the buffer holds means that it was too long and is lost. */
static size_t receive(void)
{
    size_t length = 0;
    for (;;) {
        const uint8_t byte = mn_port_read(mn_sleep_until_interrupt);
        if (byte == 0 && length != 0) {
            return length;
        }
        if (byte != 0) {
            if (length < sizeof receive_buffer) {
                receive_buffer[length] = byte;
            }
            length += length <= sizeof receive_buffer;
        }
    }
}

static mn_answer dispatch(const mn_frame *request, uint8_t *reply)
{
    if (request->version != MN_PROTOCOL_VERSION) {
        return mn_answer_error(MN_CODE_VERSION, MN_PROTOCOL_VERSION);
    }
    switch (request->type) {
    case MN_REQUEST_HELLO: return mn_answer_hello(request, reply, garbled_frames);
    case MN_REQUEST_TENSOR: return mn_answer_tensor(request, reply);
    case MN_REQUEST_LOAD: return mn_answer_load(request, reply);
    case MN_REQUEST_RUN: return mn_answer_run(request, reply);
    case MN_REQUEST_READ: return mn_answer_read(request, reply);
    case MN_REQUEST_PROFILE: return mn_answer_profile(request, reply);
    case MN_REQUEST_PEEK: return mn_answer_peek(request, reply);
    case MN_REQUEST_BAUD: return mn_answer_baud(request, reply);
    case MN_REQUEST_RESET: return mn_answer_reset(request, reply);
#if defined(MN_FRONT_END)
    case MN_REQUEST_RAW: return mn_answer_raw(request, reply);
    case MN_REQUEST_INPUT: return mn_answer_input(request, reply);
#endif
    default: return mn_answer_error(MN_CODE_UNKNOWN_TYPE, request->type);
    }
}

static void send(const mn_frame *request, const mn_answer *answer)
{
    uint8_t type = (uint8_t)(request->type | MN_REPLY_BIT);
    size_t bytes = answer->bytes;
    if (answer->error != 0) {
        uint8_t *const payload = mn_frame_payload(reply_buffer);
        uint8_t *at = mn_put_u8(mn_put_u8(payload, answer->error), request->type);
        at = mn_put_u32(at, answer->detail);
        type = MN_ERROR;
        bytes = (size_t)(at - payload);
    }
    mn_port_write(reply_buffer, mn_frame_encode(reply_buffer, type, request->nonce, bytes));
}

void mn_server_run(void)
{
    mn_model_reset(&mn_the_model);
    for (;;) {
        const size_t length = receive();
        mn_frame request;
        if (length > sizeof receive_buffer || mn_frame_decode(receive_buffer, length, &request) != MN_FRAME_OK) {
            garbled_frames++;
            mn_baud_frame_was_garbled();
            continue;
        }
        mn_baud_frame_was_good();
        served_nonce = request.nonce;
        const mn_answer answer = dispatch(&request, mn_frame_payload(reply_buffer));
        send(&request, &answer);
        mn_baud_apply();
        served_nonce = 0;
    }
}
