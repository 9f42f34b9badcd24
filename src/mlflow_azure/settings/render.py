"""Writes settings files, in the syntax that file.py reads."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from mlflow_azure.settings.table import SETTINGS, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlflow_azure.settings.script import Imported

_BARE = re.compile(r"[\w./:@%+,-]+", re.ASCII)


def template() -> str:
    """Return a settings file with every setting, its meaning and its default, commented out."""
    head = _comment(
        "Settings of mlflow-azure. To set one, remove the # in front of it. A command-line option or an "
        "environment variable of the same name wins over this file."
    )
    return "\n".join([head, *(_commented_out(setting) for setting in SETTINGS.values())])


def imported(result: Imported, shown_as: str) -> str:
    """Return a settings file with the settings imported from a script, and comments on the others."""
    lines = [f"# Settings of mlflow-azure, imported from {shown_as}"]
    lines += [f"{name}={quoted(value.text)}" for name, value in result.values.items()]
    lines += [f"# {item.name} was left out ({item.place}): {item.reason}" for item in result.left_out]
    return "\n".join([*lines, ""])


def answered(values: Mapping[str, str]) -> str:
    """Return a settings file with the given answers, each line below its meaning."""
    lines = [f"# {SETTINGS[name].meaning}\n{name}={quoted(text)}\n" for name, text in values.items()]
    return "\n".join(["# Settings of mlflow-azure, written by mlflow-azure init\n", *lines])


def quoted(text: str) -> str:
    """Return the text, quoted as the value of an assignment."""
    if _BARE.fullmatch(text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _commented_out(setting: Setting) -> str:
    example = quoted(setting.default) if isinstance(setting.default, str) and setting.default else ""
    return _comment(f"{setting.meaning}. Default: {setting.default_words}.") + f"#{setting.name}={example}\n"


def _comment(text: str) -> str:
    return textwrap.fill(text, width=100, initial_indent="# ", subsequent_indent="# ") + "\n"
