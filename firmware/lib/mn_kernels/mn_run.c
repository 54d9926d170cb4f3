/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_model.h"

uint32_t mn_model_steps(const mn_model *model)
{
    return model->n_steps + model->n_ops - model->n_row_ops;
}

uint32_t mn_model_op_of(const mn_model *model, uint32_t step)
{
    return step < model->n_steps ? model->steps[step].op : step - model->n_steps + model->n_row_ops;
}

mn_status mn_model_run_step(const mn_model *model, uint32_t step)
{
    const uint32_t op = mn_model_op_of(model, step);
    return step < model->n_steps ? model->row_ops[op](model->arena, &model->steps[step]) : model->ops[op](model->arena);
}

mn_status mn_model_run(const mn_model *model)
{
    const uint32_t steps = mn_model_steps(model);
    mn_status status = MN_OK;
    for (uint32_t i = 0; i < steps && status == MN_OK; i++) {
        status = mn_model_run_step(model, i);
    }
    return status;
}
