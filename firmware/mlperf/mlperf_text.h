/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of text to the host. Numbers are formatted here, because newlib's printf needs a heap. */
#ifndef MLPERF_TEXT_H
#define MLPERF_TEXT_H

#include <stdint.h>

void mlperf_text(const char *text);

void mlperf_decimal(uint64_t value);

/* The lowest `digits` hexadecimal digits of `value`, lower case. */
void mlperf_hex(uint32_t value, int digits);

/* `value` with three decimals, as C's "%.3f" has it: the exact value to the nearest, halves to even. NaN and what is
 * beyond 2^53 / 1000 either way are written as that limit. */
void mlperf_thousandths(float value);

/* CR LF. */
void mlperf_end_line(void);

/* A whole line: "e-[", `text`, "]". */
void mlperf_error(const char *text);

#endif
