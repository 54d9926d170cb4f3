/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_model.h"

mn_status mn_model_run(const mn_model *model)
{
    mn_status status = MN_OK;
    for (uint32_t i = 0; i < model->n_ops && status == MN_OK; i++) {
        status = model->ops[i](model->arena);
    }
    return status;
}
