/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_baud.h"

#include <stdint.h>

#include "mn_port.h"
#include "mn_requests.h"

enum { GARBLED_BEFORE_GIVING_UP = 2 };

static uint32_t requested; /* 0: no switch waits */
static uint8_t switched;
static uint8_t garbled_in_a_row;

/* BAUD: u32 rate. Answers with the rate that results; the switch follows the answer. */
mn_answer mn_answer_baud(const mn_frame *request, uint8_t *reply)
{
    if (request->payload_bytes != 4) {
        return mn_answer_error(MN_CODE_LENGTH, 4);
    }
    const uint32_t wanted = mn_get_u32(request->payload);
    const uint32_t nearest = mn_port_nearest_baud(wanted);
    const uint32_t difference = nearest > wanted ? nearest - wanted : wanted - nearest;
    if (difference > wanted / 64) { /* 1.6 %: half of what both ends of an 8N1 line may be off together */
        return mn_answer_error(MN_CODE_BAUD, nearest);
    }
    requested = wanted;
    return mn_answer_payload((size_t)(mn_put_u32(reply, nearest) - reply));
}

void mn_baud_apply(void)
{
    if (requested != 0) {
        mn_port_set_baud(requested);
        requested = 0;
        switched = 1;
        garbled_in_a_row = 0;
    }
}

void mn_baud_frame_was_good(void)
{
    garbled_in_a_row = 0;
}

void mn_baud_frame_was_garbled(void)
{
    garbled_in_a_row++;
    if (switched != 0 && garbled_in_a_row >= GARBLED_BEFORE_GIVING_UP) {
        mn_port_set_baud(0);
        switched = 0;
    }
}
