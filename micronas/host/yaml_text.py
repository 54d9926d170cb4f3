"""YAML from users with limits: a text of a few hundred bytes must not use up the memory."""

from __future__ import annotations

from typing import Any

import yaml

MAX_CHARACTERS = 1_000_000


class _Loader(yaml.SafeLoader):
    """Refuses aliases: nested ones double their content with every level."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                None, None, f"aliases (*{event.anchor}) are not supported: repeat the value", event.start_mark
            )
        return super().compose_node(parent, index)


def yaml_problem(error: yaml.YAMLError) -> str:
    """What is wrong and where, in one line: PyYAML's own text has several, and no name of a file."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        return f"{where}{' '.join(error.problem.split())}"
    return " ".join(str(error).split())


def load_yaml(text: str) -> Any:
    """The plain data in ``text``; raises ``yaml.YAMLError`` also for aliases, great depth and length."""
    if len(text) > MAX_CHARACTERS:
        raise yaml.YAMLError(f"{len(text):,} characters are more than {MAX_CHARACTERS:,}")
    try:
        return yaml.load(text, Loader=_Loader)
    except RecursionError as error:
        raise yaml.YAMLError("nested too deeply") from error
    except ValueError as error:  # a date such as 2026-13-01
        raise yaml.YAMLError(str(error)) from error
