/* SPDX-License-Identifier: Apache-2.0 */
#include "mlperf_db.h"

#include <stdbool.h>
#include <string.h>

#include "mlperf_input.h"
#include "mlperf_text.h"
#include "mlperf_time.h"
#include "mlperf_words.h"

enum { PRINTED_PER_LINE = 8 };

static void load(char *rest)
{
    const char *const word = mlperf_next_word(&rest);
    uint32_t bytes;
    if (word == NULL || !mlperf_number(word, &bytes) || bytes == 0) {
        mlperf_error("db load wants a number of bytes above 0");
        return;
    }
    if (!mlperf_input_expect(bytes)) {
        mlperf_text("e-[");
        mlperf_decimal(bytes);
        mlperf_text(" bytes are more than the network's input of ");
        mlperf_decimal(mlperf_input_capacity());
        mlperf_text("]\r\n");
        return;
    }
    mlperf_text("m-[Expecting ");
    mlperf_decimal(bytes);
    mlperf_text(" bytes]\r\n");
}

static void print(void)
{
    const uint32_t count = mlperf_input_count();
    for (uint32_t i = 0; i < count; i++) {
        mlperf_text(i % PRINTED_PER_LINE == 0 ? "m-buffer-" : "-");
        mlperf_hex(mlperf_input_byte(i), 2);
        if (i % PRINTED_PER_LINE == PRINTED_PER_LINE - 1 || i + 1 == count) {
            mlperf_end_line();
            mlperf_time_update(); /* a long buffer takes seconds on a slow line */
        }
    }
}

/* Nothing is taken of digits that are not all right. */
static bool are_bytes(const char *digits)
{
    if (strlen(digits) % 2u != 0) {
        mlperf_error("A byte has two hex digits");
        return false;
    }
    for (; *digits != '\0'; digits++) {
        if (mlperf_hex_digit(*digits) < 0) {
            mlperf_error("Not a hex digit");
            return false;
        }
    }
    return true;
}

/* Digits past the expected bytes are left alone, as the reference does. */
static void put(const char *digits)
{
    if (!mlperf_input_any() || mlperf_input_loaded()) {
        mlperf_error("No bytes are expected: db load comes first");
        return;
    }
    if (!are_bytes(digits)) {
        return;
    }
    for (; *digits != '\0' && !mlperf_input_loaded(); digits += 2) {
        mlperf_input_put((uint8_t)(mlperf_hex_digit(digits[0]) << 4 | mlperf_hex_digit(digits[1])));
    }
    if (mlperf_input_loaded()) {
        mlperf_text("m-load-done\r\n");
    }
}

void mlperf_db(char *rest)
{
    const char *const word = mlperf_next_word(&rest);
    if (word == NULL) {
        mlperf_error("db wants load, print or hex digits");
    } else if (strcmp(word, "load") == 0) {
        load(rest);
    } else if (strcmp(word, "print") == 0) {
        print();
    } else {
        put(word);
    }
}
