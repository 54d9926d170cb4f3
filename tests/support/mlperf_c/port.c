/* A port of stdin and stdout, for the firmware of firmware/mlperf on the host.
 *
 *   program KIND STEP WAITS
 *
 * KIND is what the counter counts (mn_counter_kind). Each reading of it moves the true, 64-bit time by STEP, and so does
 * each of the WAITS rounds that the driver waits for a byte. stderr gets "true TIME" with every time stamp, "sleep" per sleep at most once
 * and "pin LEVEL" per edge. End of input ends the program.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mn_build_id.h"
#include "mn_core_instructions.h"
#include "mn_pin.h"
#include "mn_port.h"

int mlperf_main(void);

const uint8_t mn_build_id[MN_BUILD_ID_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255};

static unsigned kind;
static uint64_t step;
static unsigned waits;
static uint64_t true_time = 4000000000u; /* close to the first wrap */
static int slept;

void mn_port_init(void)
{
}

mn_clock mn_port_clock(void)
{
    const mn_clock clock = {120000000u, MN_CLOCK_HSI, 1};
    return clock;
}

mn_counter_kind mn_port_counter_kind(void)
{
    return (mn_counter_kind)kind;
}

uint32_t mn_port_counter(void)
{
    true_time += step;
    return (uint32_t)true_time;
}

void mn_sleep_until_interrupt(void)
{
    if (!slept) {
        fprintf(stderr, "sleep\n");
    }
    slept = 1;
}

uint8_t mn_port_read(mn_idle idle)
{
    for (unsigned i = 0; i < waits; i++) {
        true_time += step;
        idle();
    }
    const int byte = getchar();
    if (byte == EOF) {
        exit(0);
    }
    return (uint8_t)byte;
}

void mn_port_write(const uint8_t *bytes, size_t length)
{
    if (length == 9 && memcmp(bytes, "m-lap-us-", 9) == 0) {
        fprintf(stderr, "true %" PRIu64 "\n", true_time);
    }
    fwrite(bytes, 1, length, stdout);
}

void mn_pin_output_high(uint32_t port, uint32_t pin)
{
    fprintf(stderr, "pin %c%u output high\n", (char)('A' + port), (unsigned)pin);
}

void mn_pin_write(uint32_t port, uint32_t pin, uint32_t level)
{
    fprintf(stderr, "pin %c%u %u\n", (char)('A' + port), (unsigned)pin, (unsigned)level);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    kind = (unsigned)strtoul(argv[1], NULL, 10);
    step = strtoull(argv[2], NULL, 10);
    waits = (unsigned)strtoul(argv[3], NULL, 10);
    return mlperf_main();
}
