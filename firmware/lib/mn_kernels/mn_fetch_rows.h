/* SPDX-License-Identifier: Apache-2.0 */
/* A network whose input the application delivers row by row: its first operator asks for the rows. */
#ifndef MN_FETCH_ROWS_H
#define MN_FETCH_ROWS_H

#include "mn_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes row y of the network's input to destination, which has no alignment. The rows of a run come in order, from row 0
 * to the last, each once. Returns 0; anything else ends the run. */
typedef int (*mn_row_fn)(void *context, int32_t y, int8_t *destination);

/* The function, what it is called with, and the row that comes next. */
typedef struct {
    mn_row_fn row;
    void *context;
    int32_t next;
} mn_row_source;

/* The step of operator 0 of such a network. Input 0 of the model is the buffer of the rows: its bytes are those of one
 * row. Returns 0 or what the function returned. */
int mn_fetch_rows(const mn_model *model, int8_t *arena, const mn_step *step, mn_row_source *source);

#ifdef __cplusplus
}
#endif

#endif
