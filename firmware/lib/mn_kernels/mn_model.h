/* SPDX-License-Identifier: Apache-2.0 */
/* What a generated model gives to whoever runs it: the firmware, the host tests, an exported library.
 *
 * A model is const data and one function per operator. It owns no memory but its arena, and nothing
 * here allocates. Read and write input and output through the tensor table; run its steps in order.
 */
#ifndef MN_MODEL_H
#define MN_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every kernel returns one; anything but MN_OK leaves the output unspecified. */
typedef enum {
    MN_OK = 0,
    MN_ERROR_ARGUMENT = 1 /* a parameter the kernel cannot honour; the generator never emits one */
} mn_status;

/* A part of an arena that lies in several memories. */
typedef struct {
    int8_t *start; /* 16-byte aligned */
    uint32_t bytes;
} mn_bank;

/* An input or output of the model, as it lies in the arena. real = scale * (q - zero_point). */
typedef struct {
    uint32_t offset; /* bytes from the arena's start */
    uint32_t bytes; /* of an input that comes row by row (mn_fetch_rows.h): of one row */
    float scale;
    int32_t zero_point;
} mn_tensor;

/* What the model keeps from one run to the next: a part of the arena that no run uses for anything else. It must be set
 * before the first run (mn_reset.h, or the reset function of an exported network). */
typedef struct {
    uint32_t offset; /* bytes from the arena's start */
    uint32_t bytes;
    const int8_t *initial; /* what it holds before the first run; NULL: `fill` throughout */
    int32_t fill;
} mn_state;

/* An operator bound to its place in the arena. */
typedef mn_status (*mn_op_fn)(int8_t *arena);

/* Some rows of an operator that runs row by row. Places count rows from the start of a buffer. Without rows to read and
 * to write, rows of its output move, and no kernel runs. */
typedef struct {
    uint8_t op;       /* its number in the model */
    uint8_t out_rows; /* to write, from place y of the output on */
    uint8_t in_rows;  /* to read, from place x of the input on */
    uint8_t pad_top;  /* rows of padding above them */
    uint8_t drop;     /* rows of the output's buffer to give up before: those behind them move to its start */
    uint8_t second;   /* the place in a second input; of an operator that gathers rows, whether it begins */
    uint16_t x, y;
} mn_step;

typedef mn_status (*mn_rows_fn)(int8_t *arena, const mn_step *step);

typedef struct {
    const mn_tensor *inputs;
    const mn_tensor *outputs;
    const mn_op_fn *ops;
    int8_t *arena; /* 16-byte aligned */
    uint16_t n_inputs;
    uint16_t n_outputs;
    uint32_t n_ops;
    uint32_t arena_bytes;
    uint32_t constant_bytes; /* flash taken by the model's const data (the mn_model_* objects), this struct excluded */
    const mn_bank *banks; /* where an arena lies in several memories: they hold its bytes in this order; else NULL */
    uint32_t n_banks;     /* two or more, or 0: `arena` then holds all arena_bytes, otherwise banks[0].bytes of them */
    const mn_state *states; /* NULL where a run depends on its inputs alone */
    uint32_t n_states;
    const mn_rows_fn *row_ops; /* the first n_row_ops operators run by rows, all of them in n_steps steps; else NULL */
    const mn_step *steps;
    uint32_t n_row_ops; /* ops[i] is NULL for these */
    uint32_t n_steps;
} mn_model;

/* The one model of a firmware image, defined in the generated mn_model.c. An exported library has none: its
 * network is called mn_network_NAME and declared in mn_network_NAME.h. */
extern const mn_model mn_the_model;

/* Runs every step in order; stops at the first that fails. Inputs must have been written to the arena.
 * Inputs may be overwritten by the run: write them again before the next one. */
mn_status mn_model_run(const mn_model *model);

/* The same step by step: their number, one of them, and the operator whose step it is. An operator has one step, or
 * many that alternate with those of others if it runs by rows. */
uint32_t mn_model_steps(const mn_model *model);
mn_status mn_model_run_step(const mn_model *model, uint32_t step);
uint32_t mn_model_op_of(const mn_model *model, uint32_t step);

#ifdef __cplusplus
}
#endif

#endif
