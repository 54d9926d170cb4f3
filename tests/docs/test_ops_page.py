"""The page of supported ops is what its tool would write now, and the reader agrees with it."""

from __future__ import annotations

import re

import pytest

from micronas.model.tflite.op_format import FILE_FORMATS, OP_FORMATS
from tests.support.paths import TOOLS

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(TOOLS))
    import write_ops_page


def test_the_committed_page_is_current() -> None:
    text = write_ops_page.PAGE.read_text(encoding="utf-8")
    assert text == write_ops_page.page(text), "run `python tools/write_ops_page.py`"


def test_it_has_each_op_that_is_read() -> None:
    listed = re.findall(r"^\| ([A-Z_0-9]+) \| yes", write_ops_page.PAGE.read_text(), re.MULTILINE)
    assert set(listed) == {*OP_FORMATS, *FILE_FORMATS, "SHAPE"}
