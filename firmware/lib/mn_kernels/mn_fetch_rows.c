/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_fetch_rows.h"
#include "mn_rows.h"

int mn_fetch_rows(const mn_model *model, int8_t *arena, const mn_step *step, mn_row_source *source)
{
    const int32_t row_bytes = (int32_t)model->inputs[0].bytes;
    int8_t *const buffer = arena + model->inputs[0].offset;
    int8_t *place = buffer + row_bytes * step->y;
    int status = MN_OK;
    if (step->drop != 0) {
        status = (int)mn_drop_rows(buffer, row_bytes * step->drop, row_bytes * step->y);
    }
    for (uint32_t i = 0; i < step->out_rows && status == MN_OK; i++, place += row_bytes) {
        status = source->row(source->context, source->next++, place);
    }
    return status;
}
