/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mn_copy.h"

mn_status mn_copy_s8(const mn_copy *p, const int8_t *x, int8_t *y)
{
    if (x != y) {
        memmove(y, x, (size_t)p->bytes);
    }
    return MN_OK;
}
