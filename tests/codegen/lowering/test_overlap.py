"""Outputs that lie on their inputs: the distances against a simulation byte by byte, and the real kernels."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from micronas.board import Core
from micronas.codegen.lowering.overlap import Steps, WindowAxis, pointwise_lag, window_lead
from micronas.memory.plan import plan_memory
from micronas.model.graph import DType, Tensor
from micronas.model.op_attributes import Padding
from micronas.model.window import output_size, window_padding
from tests.support.kernel_fuzz import assert_equal_to_tflm, fuzz_cases
from tests.support.model_runner import run_in_emulator, run_on_host


@dataclass(frozen=True)
class Window:
    """One image and the kernel that slides over it."""

    in_hw: tuple[int, int]
    in_c: int
    out_hw: tuple[int, int]
    out_c: int
    taps: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]

    def axis(self, i: int) -> WindowAxis:
        return WindowAxis(self.in_hw[i], self.out_hw[i], self.taps[i], self.stride[i], self.dilation[i])

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        x, y = (1, *self.in_hw, self.in_c), (1, *self.out_hw, self.out_c)
        return Tensor("x", x, DType.INT8), Tensor("y", y, DType.INT8)

    def reads(self, pixel: int) -> set[int]:
        """Bytes of x under the window of an output pixel, tap by tap."""
        found = set()
        for ky in range(self.taps[0]):
            for kx in range(self.taps[1]):
                at = [
                    out * self.stride[i]
                    - window_padding(
                        self.in_hw[i], self.out_hw[i], self.taps[i], self.stride[i], self.dilation[i]
                    )[0]
                    + k * self.dilation[i]
                    for i, (out, k) in enumerate(zip(divmod(pixel, self.out_hw[1]), (ky, kx), strict=True))
                ]
                if 0 <= at[0] < self.in_hw[0] and 0 <= at[1] < self.in_hw[1]:
                    first = (at[0] * self.in_hw[1] + at[1]) * self.in_c
                    found |= set(range(first, first + self.in_c))
        return found


pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def windows(draw):
    padding, taps, stride = draw(st.sampled_from(Padding)), draw(pairs), draw(pairs)
    dilation = draw(st.one_of(st.just((1, 1)), pairs))
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    out = tuple(
        output_size(s, k, t, padding, d) for s, k, t, d in zip(size, taps, stride, dilation, strict=True)
    )
    assume(min(out) > 0)
    return Window(size, draw(st.integers(1, 5)), out, draw(st.integers(1, 5)), taps, stride, dilation)


def survives(w: Window, steps: Steps, distance: int, backwards: bool = False) -> bool:
    """Whether no byte of x is read after a byte of y was written to it, y starting ``distance`` behind x."""
    written: set[int] = set()
    pixels = list(range(w.out_hw[0] * w.out_hw[1]))
    groups = [pixels[i : i + steps.pixels] for i in range(0, len(pixels), steps.pixels)]
    for group in reversed(groups) if backwards else groups:
        reads = set().union(*(w.reads(pixel) for pixel in group))
        writes = {distance + pixel * w.out_c + c for pixel in group for c in range(w.out_c)}
        if not steps.buffered:  # any byte of the step may be read after any was written
            written |= writes
        if reads & written:
            return False
        written |= writes
    return True


all_steps = st.builds(Steps, st.sampled_from([1, 2]), st.booleans())


@given(windows(), all_steps, st.integers(0, 9))
@settings(max_examples=300, deadline=None)
def test_no_byte_is_read_after_it_was_overwritten(w, steps, more):
    x, y = w.tensors
    lead = window_lead(x, y, w.axis(0), w.axis(1), steps)
    if lead is not None:
        assert survives(w, steps, -lead - more)


@given(windows(), all_steps)
@settings(max_examples=300, deadline=None)
def test_the_lead_is_as_short_as_it_can_be(w, steps):
    x, y = w.tensors
    lead = window_lead(x, y, w.axis(0), w.axis(1), steps)
    if lead is None:
        assert not survives(w, steps, -y.nbytes + 1)
    elif lead > 0:
        assert not survives(w, steps, -lead + 1)


@given(st.tuples(st.integers(1, 6), st.integers(1, 6)), st.integers(1, 6), st.integers(1, 6), all_steps)
def test_pointwise_kernels_go_backwards_without_loss(size, in_c, more, steps):
    w = Window(size, in_c, size, in_c + more, (1, 1), (1, 1), (1, 1))
    lag = pointwise_lag(*w.tensors, steps)
    assert all(survives(w, steps, lag + d, backwards=True) for d in range(5))
    assert pointwise_lag(*reversed(w.tensors), steps) is None


@pytest.mark.slow
def test_portable_kernels_in_planned_memory_equal_tflite_micro(tmp_path):
    cases = fuzz_cases(seed=60)
    assert_equal_to_tflm(cases, run_on_host(cases, tmp_path, planner=plan_memory))


@pytest.mark.emulator
@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M4F], ids=lambda core: core.name)
def test_kernels_in_planned_memory_equal_tflite_micro(core, tmp_path):
    cases = fuzz_cases(seed=61)
    assert_equal_to_tflm(cases, run_in_emulator(cases, tmp_path, core, plan_memory))
