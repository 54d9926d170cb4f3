"""The templates of an exported library's text files."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, values: dict[str, object]) -> str:
    """The text of ``templates/TEMPLATE.j2`` with ``values``; a value that is missing is an error."""
    return _environment().get_template(f"{template}.j2").render(values)


@cache
def _environment() -> Environment:
    return Environment(  # C, CMake and YAML, not HTML: nothing is escaped
        loader=PackageLoader("micronas.deploy.library"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
