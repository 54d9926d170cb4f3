/* SPDX-License-Identifier: Apache-2.0 */
/* A command's words. */
#ifndef MLPERF_WORDS_H
#define MLPERF_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* The next word of *rest, zero-terminated, or NULL; *rest moves past it. */
char *mlperf_next_word(char **rest);

/* A number of up to nine decimal digits and nothing else. */
bool mlperf_number(const char *word, uint32_t *value);

/* Value of a hexadecimal digit, or -1. */
int mlperf_hex_digit(char digit);

#endif
