"""A C program that runs the exported network on fixed samples and compares every byte."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.model.graph import DType, Graph, Tensor
from micronas.model.interpreter import run_in_order

_SAMPLES = 3
_BYTES_PER_LINE = 20

_PROGRAM = """\
/* Runs the network on {samples} samples and compares the outputs with those of the reference interpreter. */
#include <stdio.h>
#include <string.h>

#include "mn_network_{name}.h"

static const unsigned char inputs[{samples}][{in_bytes}] = {{
{inputs}
}};

static const unsigned char expected[{samples}][{out_bytes}] = {{
{outputs}
}};

{run}    for (unsigned i = 0; i < model->n_outputs; wanted += model->outputs[i].bytes, i++) {{
        if (memcmp(model->arena + model->outputs[i].offset, wanted, model->outputs[i].bytes) != 0) {{
            return 1;
        }}
    }}
    return 0;
}}

int main(void)
{{
    int failed = 0;
{before}    for (int s = 0; s < {samples}; s++) {{
        failed += run_sample(&mn_network_{name}, inputs[s], expected[s]);
    }}
    printf("%d of {samples} samples differ\\n", failed);
    return failed != 0;
}}
"""


_WHOLE_INPUTS = """\
static int run_sample(const mn_model *model, const unsigned char *in, const unsigned char *wanted)
{
    for (unsigned i = 0; i < model->n_inputs; in += model->inputs[i].bytes, i++) {
        memcpy(model->arena + model->inputs[i].offset, in, model->inputs[i].bytes);
    }
    if (mn_model_run(model) != MN_OK) {
        return 1;
    }
"""

_ROW_BY_ROW = """\
/* A sample, and the row that must come next. */
typedef struct {
    const unsigned char *bytes;
    int32_t next;
} camera;

enum { OUT_OF_ORDER = -1, STOPPED = -2 };

static int row(void *context, int32_t y, int8_t *destination)
{
    camera *const from = context;
    if (y != from->next) {
        return OUT_OF_ORDER;
    }
    memcpy(destination, from->bytes + (uint32_t)y * {macro}_ROW_BYTES, {macro}_ROW_BYTES);
    from->next++;
    return 0;
}

/* Its last row does not come. */
static int row_or_stop(void *context, int32_t y, int8_t *destination)
{
    return y + 1 == (int32_t){macro}_ROWS ? STOPPED : row(context, y, destination);
}

static int run_sample(const mn_model *model, const unsigned char *in, const unsigned char *wanted)
{
    camera whole = {in, 0}, stopped = {in, 0};
    if ({symbol}_run_rows(row_or_stop, &stopped) != STOPPED || mn_model_run(model) == MN_OK) {
        return 1;
    }
    if ({symbol}_run_rows(row, &whole) != 0 || whole.next != (int32_t){macro}_ROWS) {
        return 1;
    }
"""


def host_test(graph: Graph, name: str, *, row_input: bool = False) -> str:
    """The program's text for the library called ``name``; the samples are fixed.

    With ``row_input`` it also checks that the rows come in order, each once, and that an error ends the run.
    """
    rng = np.random.default_rng(0)
    inputs = [_sample(graph.tensors[t], rng) for t in graph.inputs]
    outputs = run_in_order(graph, inputs)
    rows_in, rows_out = _rows(inputs), _rows(outputs)
    return _PROGRAM.format(
        name=name,
        run=_row_by_row(name) if row_input else _WHOLE_INPUTS,
        before=f"    mn_network_{name}_reset();\n" if graph.states else "",
        samples=_SAMPLES,
        in_bytes=len(rows_in[0]),
        out_bytes=len(rows_out[0]),
        inputs=_table(rows_in),
        outputs=_table(rows_out),
    )


def _row_by_row(name: str) -> str:
    symbol = f"mn_network_{name}"
    text = _ROW_BY_ROW.replace("{symbol}", symbol)
    return text.replace("{macro}", symbol.upper())


def _sample(tensor: Tensor, rng: np.random.Generator) -> npt.NDArray[np.generic]:
    shape = (_SAMPLES, *(tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape))
    if tensor.dtype is DType.FLOAT32:
        return rng.normal(size=shape).astype(np.float32)
    return rng.integers(-128, 128, shape).astype(tensor.dtype.value)


def _rows(arrays: list[npt.NDArray[np.generic]]) -> list[bytes]:
    return [b"".join(np.ascontiguousarray(a[s]).tobytes() for a in arrays) for s in range(_SAMPLES)]


def _table(rows: list[bytes]) -> str:
    return ",\n".join("    {\n" + _lines(row) + "\n    }" for row in rows)


def _lines(row: bytes) -> str:
    starts = range(0, len(row), _BYTES_PER_LINE)
    return "\n".join("        " + " ".join(f"{b}," for b in row[i : i + _BYTES_PER_LINE]) for i in starts)
