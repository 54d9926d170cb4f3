/* A switch of the UART's rate, and what good and garbled frames do to it: each set rate is printed. */
#include <stdio.h>

#include "mn_baud.h"
#include "mn_port.h"
#include "mn_requests.h"

uint32_t mn_port_nearest_baud(uint32_t baud)
{
    return baud;
}

void mn_port_set_baud(uint32_t baud)
{
    printf(" %u", (unsigned)baud);
}

int main(int argc, char **argv)
{
    uint8_t payload[4], reply[4];
    (void)mn_put_u32(payload, 921600u);
    const mn_frame request = {.type = MN_REQUEST_BAUD, .payload = payload, .payload_bytes = sizeof payload};
    for (const char *event = argc > 1 ? argv[1] : ""; *event != '\0'; event++) {
        switch (*event) {
        case 's': (void)mn_answer_baud(&request, reply); mn_baud_apply(); break;
        case 'g': mn_baud_frame_was_good(); break;
        case 'x': mn_baud_frame_was_garbled(); break;
        default: return 1;
        }
    }
    return 0;
}
