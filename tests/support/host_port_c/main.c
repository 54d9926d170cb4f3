/* Runs a port against the fake chip. One command a line on stdin, numbers decimal: first the chip, then what to call.
 *
 *   set ADDRESS VALUE                        its reset state
 *   copy SOURCE BIT TARGET BIT WIDTH GATE GATE_MASK
 *   lock ADDRESS BY MASK
 *   clock                                    mn_clock_start(); prints "clock HZ SOURCE FALLBACK"
 *   usart HZ                                 mn_usart_start()
 *   nearest BAUD                             mn_port_nearest_baud(); prints "baud RATE"
 *   baud BAUD                                mn_port_set_baud()
 *   send BYTE                                mn_port_write() of one byte
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fake_chip.h"
#include "mn_clock.h"
#include "mn_port.h"
#include "mn_usart.h"

#define NUMBER " %" SCNu32

static void start_clock(void)
{
    const mn_clock clock = mn_clock_start();
    fake_settle();
    printf("clock %" PRIu32 " %d %d\n", clock.hz, clock.source, clock.fallback);
}

static int run(const char *verb, const uint32_t *n, int count)
{
    if (strcmp(verb, "set") == 0 && count == 2) {
        fake_set(n[0], n[1]);
    } else if (strcmp(verb, "copy") == 0 && count == 7) {
        const fake_copy rule = {n[0], n[1], n[2], n[3], n[4], n[5], n[6]};
        fake_add_copy(&rule);
    } else if (strcmp(verb, "lock") == 0 && count == 3) {
        fake_add_lock(n[0], n[1], n[2]);
    } else if (strcmp(verb, "clock") == 0 && count == 0) {
        start_clock();
    } else if (strcmp(verb, "usart") == 0 && count == 1) {
        mn_usart_start(n[0]);
    } else if (strcmp(verb, "nearest") == 0 && count == 1) {
        printf("baud %" PRIu32 "\n", mn_port_nearest_baud(n[0]));
    } else if (strcmp(verb, "baud") == 0 && count == 1) {
        mn_port_set_baud(n[0]);
    } else if (strcmp(verb, "send") == 0 && count == 1) {
        const uint8_t byte = (uint8_t)n[0];
        mn_port_write(&byte, 1);
    } else {
        return 0;
    }
    fake_settle();
    return 1;
}

int main(void)
{
    char line[200];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char verb[16];
        uint32_t n[7];
        const int fields = sscanf(line, "%15s" NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER, verb, &n[0], &n[1],
                                  &n[2], &n[3], &n[4], &n[5], &n[6]);
        if (fields < 1 || !run(verb, n, fields - 1)) {
            fprintf(stderr, "not a command: %s", line);
            return 1;
        }
    }
    return 0;
}
