/* SPDX-License-Identifier: Apache-2.0 */
/* The states of a model as before its first run. */
#ifndef MN_RESET_H
#define MN_RESET_H

#include "mn_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Puts every state to its initial value. A model with states needs it once before the first run, and whenever a new
 * sequence begins; each run then continues where the last one ended. Does nothing for a model without. */
void mn_model_reset(const mn_model *model);

#ifdef __cplusplus
}
#endif

#endif
