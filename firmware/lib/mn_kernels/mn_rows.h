/* SPDX-License-Identifier: Apache-2.0 */
/* The buffer of some rows of an image, for operators that run row by row. */
#ifndef MN_ROWS_H
#define MN_ROWS_H

#include "mn_model.h"

/* Moves the `kept` bytes behind the first `dropped` ones to the start of `buffer`. Always MN_OK. */
mn_status mn_drop_rows(int8_t *buffer, int32_t dropped, int32_t kept);

#endif
