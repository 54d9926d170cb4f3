/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of MLPerf Tiny's runner; docs/background/mlperf_tiny.md. */
#include "mlperf_commands.h"

#include <stddef.h>
#include <string.h>

#include "mlperf_about.h"
#include "mlperf_db.h"
#include "mlperf_infer.h"
#include "mlperf_text.h"
#include "mlperf_timestamp.h"
#include "mlperf_words.h"
#include "mn_mlperf.h"

enum { DEFAULT_INFERENCES = 1, DEFAULT_WARM_UPS = 10 };

static void name(char *rest)
{
    (void)rest;
    mlperf_name();
}

/* The first line is the protocol's version, the same on every device. */
static void profile(char *rest)
{
    (void)rest;
    mlperf_text("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\n"
                "m-model-[" MN_MLPERF_MODEL "]\r\n");
}

static void timestamp(char *rest)
{
    (void)rest;
    mlperf_timestamp();
}

static void infer(char *rest)
{
    uint32_t inferences = DEFAULT_INFERENCES;
    uint32_t warm_ups = DEFAULT_WARM_UPS;
    const char *word = mlperf_next_word(&rest);
    if (word != NULL && (!mlperf_number(word, &inferences) || inferences == 0)) {
        mlperf_error("infer wants a number of inferences above 0");
        return;
    }
    word = mlperf_next_word(&rest);
    if (word != NULL && !mlperf_number(word, &warm_ups)) {
        mlperf_error("infer wants a number of warm-ups");
        return;
    }
    mlperf_infer(inferences, warm_ups);
}

static void results(char *rest)
{
    (void)rest;
    mlperf_results();
}

static void help(char *rest)
{
    (void)rest;
    mlperf_about();
    mlperf_text("commands end with a percent sign: help, name, profile, timestamp, results,\r\n"
                "db load N, db HEX, db print, infer N [WARM_UPS]\r\n");
}

/* The runner of the streaming task plays a recording to the device between these two words. */
static void start(char *rest)
{
    (void)rest;
    mlperf_error("No sound input: only infer runs the network");
}

static void stop(char *rest)
{
    (void)rest;
    mlperf_text("No stream is running\r\n");
}

typedef struct {
    const char *word;
    void (*answer)(char *rest);
} command;

static const command commands[] = {
    {"db", mlperf_db},     {"infer", infer},     {"results", results}, {"timestamp", timestamp},
    {"name", name},        {"profile", profile}, {"help", help},       {"start", start},
    {"stop", stop},
};

void mlperf_command(char *rest)
{
    const char *const word = mlperf_next_word(&rest);
    if (word == NULL) {
        return; /* a lone % empties the line */
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(word, commands[i].word) == 0) {
            commands[i].answer(rest);
            return;
        }
    }
    mlperf_text("e-[Unknown command: ");
    mlperf_text(word);
    mlperf_text("]\r\n");
}
