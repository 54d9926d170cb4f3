/* SPDX-License-Identifier: Apache-2.0 */
/* A device under MLPerf Tiny's test: the runner's text protocol on the board's UART. */
#include <stdbool.h>
#include <stddef.h>

#include "mlperf_about.h"
#include "mlperf_commands.h"
#include "mlperf_text.h"
#include "mlperf_time.h"
#include "mlperf_timestamp.h"
#include "mn_port.h"
#include "mn_reset.h"

static char line[MLPERF_MAX_COMMAND + 1];

/* Reads up to the next '%'. False when the command was too long. Anything but printable ASCII is noise, or a terminal's
 * line end: it is dropped, and so never echoed to a host that could not decode it. */
static bool read_command(void)
{
    size_t length = 0;
    for (;;) {
        const uint8_t byte = mn_port_read(mlperf_idle);
        if (byte == '%') {
            line[length < MLPERF_MAX_COMMAND ? length : MLPERF_MAX_COMMAND] = '\0';
            return length <= MLPERF_MAX_COMMAND;
        }
        if (byte < 0x20 || byte > 0x7E) {
            continue;
        }
        if (length < MLPERF_MAX_COMMAND) {
            line[length] = (char)byte;
        }
        length += length <= MLPERF_MAX_COMMAND;
    }
}

int main(void)
{
    mn_port_init();
    mn_model_reset(&mn_the_model);
    mlperf_time_start();
    mlperf_timestamp_start();
    mlperf_about();
    mlperf_text("m-init-done\r\n");
    for (;;) {
        mlperf_text("m-ready\r\n");
        if (read_command()) {
            mlperf_command(line);
        } else {
            mlperf_error("A command has at most 80 characters");
        }
    }
}
