/* SPDX-License-Identifier: Apache-2.0 */
/* The common first step of both forms of DEPTHWISE_CONV_2D: one channel of the input to a plane of its
 * own. A plane is what all windows reach over, plane_h * plane_w elements, padding included. */
#ifndef MN_DEPTHWISE_PLANE_H
#define MN_DEPTHWISE_PLANE_H

#include "mn_depthwise.h"

/* The part of the plane that is input, not padding. */
typedef struct {
    int32_t rows, columns;
} mn_plane_extent;

static inline int32_t mn_plane_columns(const mn_depthwise *p)
{
    const int32_t columns = p->plane_w - p->pad_left;
    return columns < p->in_w ? columns : p->in_w;
}

static inline mn_plane_extent mn_plane_input(const mn_depthwise *p)
{
    const int32_t rows = p->plane_h - p->pad_top;
    const mn_plane_extent inside = {rows < p->in_h ? rows : p->in_h, mn_plane_columns(p)};
    return inside;
}

#endif
