/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of mn_add_table_dsp. */
#ifndef MN_DSP_ADD_TABLE_H
#define MN_DSP_ADD_TABLE_H

#include <stdint.h>

/* Elements in fours. mn_dsp_add_table.S reads the fields at fixed offsets. y may be either input. */
typedef struct {
    const int8_t *minor, *major;
    int8_t *y;
    const int32_t *table; /* 256 words; by the byte of `minor`, what is added to major << 20 */
    int32_t multiplier, code, shift; /* of the doubled sum, as in mn_dsp_finish; `shift` is that of its last step */
    const int8_t *end; /* of y: a multiple of four elements after it, at least four */
} mn_dsp_add_table_job;

void mn_dsp_add_table(const mn_dsp_add_table_job *job);

#endif
