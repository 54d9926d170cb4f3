/* SPDX-License-Identifier: Apache-2.0 */
/* PAD: each dimension is fill, content, fill; the content of the last one is a copy. */
#include <string.h>

#include "mn_pad.h"

typedef struct {
    const int8_t *x;
    int8_t *y;
} cursor;

static void fill(const mn_pad *p, cursor *at, int32_t bytes)
{
    memset(at->y, p->value, (size_t)bytes);
    at->y += bytes;
}

static void line(const mn_pad *p, cursor *at)
{
    fill(p, at, p->before[3]);
    memcpy(at->y, at->x, (size_t)p->in[3]);
    at->x += p->in[3];
    at->y += p->in[3];
    fill(p, at, p->after[3]);
}

static void plane(const mn_pad *p, cursor *at, int32_t line_bytes)
{
    fill(p, at, p->before[2] * line_bytes);
    for (int32_t i = 0; i < p->in[2]; i++) {
        line(p, at);
    }
    fill(p, at, p->after[2] * line_bytes);
}

static void volume(const mn_pad *p, cursor *at, int32_t line_bytes, int32_t plane_bytes)
{
    fill(p, at, p->before[1] * plane_bytes);
    for (int32_t i = 0; i < p->in[1]; i++) {
        plane(p, at, line_bytes);
    }
    fill(p, at, p->after[1] * plane_bytes);
}

mn_status mn_pad_s8(const mn_pad *p, const int8_t *x, int8_t *y)
{
    const int32_t line_bytes = p->before[3] + p->in[3] + p->after[3];
    const int32_t plane_bytes = (p->before[2] + p->in[2] + p->after[2]) * line_bytes;
    const int32_t volume_bytes = (p->before[1] + p->in[1] + p->after[1]) * plane_bytes;
    cursor at = {x, y};
    fill(p, &at, p->before[0] * volume_bytes);
    for (int32_t i = 0; i < p->in[0]; i++) {
        volume(p, &at, line_bytes, plane_bytes);
    }
    fill(p, &at, p->after[0] * volume_bytes);
    return MN_OK;
}
