/* Writes each line's float, given by its bits in hex, as the firmware writes results. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mlperf_text.h"
#include "mn_port.h"

void mn_port_write(const uint8_t *bytes, size_t length)
{
    fwrite(bytes, 1, length, stdout);
}

int main(void)
{
    uint32_t bits;
    while (scanf("%" SCNx32, &bits) == 1) {
        float value;
        memcpy(&value, &bits, sizeof value);
        mlperf_thousandths(value);
        putchar('\n');
    }
    return 0;
}
