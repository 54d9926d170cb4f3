/* SPDX-License-Identifier: Apache-2.0 */
#include "mn_mfcc.h"

void mn_mfcc_finish(const mn_log_mel *p, const int32_t *levels, int8_t *row)
{
    const mn_mfcc *const m = p->mfcc;
    const int32_t *dct = m->dct;
    for (uint32_t k = 0; k < p->frames.values; k++) {
        int64_t sum = ((int64_t)1 << (m->shift - 1u)) + (k == 0u ? m->offset : 0);
        for (uint32_t band = 0; band < p->bands; band++, dct++) {
            sum += (int64_t)levels[band] * *dct;
        }
        const int64_t q = (sum >> m->shift) + p->zero_point;
        row[k] = (int8_t)(q > INT8_MAX ? INT8_MAX : q < INT8_MIN ? INT8_MIN : q);
    }
}
