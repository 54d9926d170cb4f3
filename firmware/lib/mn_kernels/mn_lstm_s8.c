/* SPDX-License-Identifier: Apache-2.0 */
/* Gates are Q3.12 before sigmoid or tanh and Q0.15 after it. Both functions interpolate in one table:
 * tanh(x) = 2 sigmoid(2x) - 1. */
#include <string.h>

#include "mn_dot.h"
#include "mn_lstm.h"

enum { INPUT, FORGET, CELL, OUTPUT };

/* sigmoid(i / 24) in 0.16, with the reference's corrections for the interpolation. */
static const uint16_t sigmoid_table[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064, 42688,
    43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464, 50942, 51409,
    51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433,
    57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110,
    61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990, 63090, 63186,
    63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030, 64090, 64148, 64204, 64257, 64308,
    64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900,
    64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208,
    65221, 65234, 65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367,
    65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449,
    65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491,
    65493, 65495, 65497, 65498, 65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513,
    65514, 65515, 65516, 65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530,
    65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
};

/* The table at `magnitude` / 2^bits, with as many bits more; from its end on, `largest`. */
static int32_t interpolated(int32_t magnitude, int32_t bits, int32_t largest)
{
    const int32_t index = magnitude >> bits;
    if (index >= 255) {
        return largest;
    }
    const int32_t low = sigmoid_table[index], high = sigmoid_table[index + 1];
    return (low << bits) + (magnitude & ((1 << bits) - 1)) * (high - low);
}

static int32_t sigmoid(int32_t x)
{
    const int32_t scaled = 3 * x;
    const int32_t result = interpolated(scaled < 0 ? -scaled : scaled, 9, 0x7fff << 10);
    return (scaled < 0 ? (1 << 25) - result + (1 << 9) - 1 : result + (1 << 9)) >> 10;
}

/* x is in units of 2^(shift - 12). */
static int32_t tanh_of(int32_t x, int32_t shift)
{
    const int32_t scaled = shift < 0 ? (3 * x + (1 << (-shift - 1))) >> -shift : x * (3 << shift);
    const int32_t result = interpolated(scaled < 0 ? -scaled : scaled, 8, 0xffff << 8);
    return (scaled < 0 ? (1 << 23) - result + (1 << 7) - 1 : result - (1 << 23) + (1 << 7)) >> 8;
}

static int32_t int16(int32_t value)
{
    return mn_clamp(value, INT16_MIN, INT16_MAX);
}

static int32_t gate_sum(const mn_lstm *p, int32_t number, int32_t unit, const int8_t *x, const int8_t *hidden)
{
    const mn_lstm_gate *const gate = &p->gates[number];
    const int32_t own = mn_dot_one(x, gate->weights + unit * p->in_n, p->in_n, gate->bias[unit]);
    const int32_t recurrent = mn_dot_one(hidden, gate->recurrent_weights + unit * p->units, p->units,
                                         gate->recurrent_bias[unit]);
    return int16(int16(mn_requant(own, gate->input_multiplier, gate->input_shift)) +
                 int16(mn_requant(recurrent, gate->recurrent_multiplier, gate->recurrent_shift)));
}

/* The unit's next cell state. */
static int32_t next_cell(const mn_lstm *p, int32_t unit, const int8_t *x, const int8_t *hidden, int32_t cell)
{
    const int32_t forget = sigmoid(gate_sum(p, FORGET, unit, x, hidden));
    const int32_t update = sigmoid(gate_sum(p, INPUT, unit, x, hidden));
    const int32_t proposed = tanh_of(gate_sum(p, CELL, unit, x, hidden), 0);
    const int32_t kept = int16(mn_requant(forget * cell, p->forget_multiplier, p->forget_shift));
    const int32_t added = int16(mn_requant(update * proposed, p->update_multiplier, p->update_shift));
    const int32_t sum = int16(kept + added);
    return p->clip ? mn_clamp(sum, -p->clip, p->clip) : sum;
}

mn_status mn_lstm_s8(const mn_lstm *p, const int8_t *x, int8_t *y, int8_t *hidden, int8_t *cell)
{
    int16_t *const cells = (int16_t *)(void *)cell;
    for (int32_t s = 0; s < p->steps; s++, x += p->in_n, y += p->units) {
        for (int32_t u = 0; u < p->units; u++) { /* the hidden state is the old one for all units */
            cells[u] = (int16_t)next_cell(p, u, x, hidden, cells[u]);
            const int32_t product = tanh_of(cells[u], p->tanh_shift) * sigmoid(gate_sum(p, OUTPUT, u, x, hidden));
            y[u] = mn_finish(product, p->hidden_multiplier, p->hidden_shift, p->out_zero_point, INT8_MIN, INT8_MAX);
        }
        memcpy(hidden, y, (size_t)p->units);
    }
    return MN_OK;
}
