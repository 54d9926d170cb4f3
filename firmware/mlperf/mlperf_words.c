/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_words.h"

#include <stddef.h>

enum { MAX_DIGITS = 9 };

char *mlperf_next_word(char **rest)
{
    char *word = *rest;
    while (*word == ' ') {
        word++;
    }
    char *end = word;
    while (*end != ' ' && *end != '\0') {
        end++;
    }
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return *word == '\0' ? NULL : word;
}

bool mlperf_number(const char *word, uint32_t *value)
{
    uint32_t result = 0;
    int digits = 0;
    for (; *word >= '0' && *word <= '9' && digits <= MAX_DIGITS; word++, digits++) {
        result = result * 10u + (uint32_t)(*word - '0');
    }
    *value = result;
    return *word == '\0' && digits >= 1 && digits <= MAX_DIGITS;
}

int mlperf_hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}
