/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_text.h"

#include <string.h>

#include "mn_port.h"

enum { MAX_DECIMAL_DIGITS = 20 };

void mlperf_text(const char *text)
{
    mn_port_write((const uint8_t *)text, strlen(text));
}

void mlperf_decimal(uint64_t value)
{
    uint8_t digits[MAX_DECIMAL_DIGITS];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10u);
        value /= 10u;
    } while (value != 0);
    mn_port_write(digits + at, sizeof digits - at);
}

void mlperf_hex(uint32_t value, int digits)
{
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
        const uint8_t digit = (uint8_t)"0123456789abcdef"[(value >> shift) & 0xFu];
        mn_port_write(&digit, 1);
    }
}

/* A float has 24 significant bits and 1000 has 10, so the product is exact in a double. */
static uint64_t nearest_thousandths(double magnitude)
{
    const double scaled = magnitude * 1000.0;
    const double limit = 9007199254740992.0; /* 2^53: above it a double has no halves */
    if (!(scaled < limit)) {
        return (uint64_t)limit;
    }
    const uint64_t whole = (uint64_t)scaled;
    const double rest = scaled - (double)whole;
    return whole + (rest > 0.5 || (rest == 0.5 && (whole & 1u) != 0));
}

void mlperf_thousandths(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int negative = (bits >> 31) != 0;
    const uint64_t thousandths = nearest_thousandths(negative ? -(double)value : (double)value);
    if (negative) {
        mlperf_text("-");
    }
    mlperf_decimal(thousandths / 1000u);
    mlperf_text(".");
    const uint32_t decimals = (uint32_t)(thousandths % 1000u);
    for (uint32_t unit = 100; unit != 0; unit /= 10u) {
        const uint8_t digit = (uint8_t)('0' + decimals / unit % 10u);
        mn_port_write(&digit, 1);
    }
}

void mlperf_end_line(void)
{
    mlperf_text("\r\n");
}

void mlperf_error(const char *text)
{
    mlperf_text("e-[");
    mlperf_text(text);
    mlperf_text("]");
    mlperf_end_line();
}
