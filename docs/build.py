"""Write the parts of the documentation that the code knows: python docs/build.py."""

from __future__ import annotations

from pathlib import Path

from mlflow_azure.settings import DEFAULT_FILE, SETTINGS, Setting

HEAD = f"""# Settings

This page is made from the table of settings in the code: `python docs/build.py`.

Every setting has the same name everywhere. The first source that gives it wins:

1. the command-line option, such as `--rg-name my-group`;
2. the environment variable, such as `RG_NAME=my-group`;
3. the settings file, with lines such as `RG_NAME=my-group`: the one named with `--settings FILE`, else
   `./{DEFAULT_FILE}` where there is one;
4. the default.

An empty value counts as none. The settings file has dotenv syntax: comments, quotes and `export` are understood,
and nothing in it is expanded.

All values are checked against Azure's rules before the first request, and all faults are reported at once.

| setting | option | default | meaning |
|---|---|---|---|
"""

TAIL = f"""
"A short hash" is made from the subscription and the resource group: a second run finds what the first one made, and
no one else in the world has the same name.

## Commands

- `mlflow-azure settings init` writes a `{DEFAULT_FILE}` with every setting commented out.
- `mlflow-azure settings show` shows each value, and where it comes from.
- `mlflow-azure settings import deploy.sh` takes the settings out of a bash script that deployed MLflow with `az`,
  without running it. What only a running shell knows, such as `$RANDOM` or `$(...)`, is named and left out. Add
  `--write` to write `{DEFAULT_FILE}` instead of showing it.

A worked example: [examples/mlflow-azure.env](../examples/mlflow-azure.env).
"""


def settings_reference() -> str:
    """The page on settings."""
    return HEAD + "".join(_row(setting) for setting in SETTINGS.values()) + TAIL


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if isinstance(setting.default, str) and setting.default else setting.default_words
    option = f"`{setting.option}`" + (", repeatable; commas elsewhere" if setting.multiple else "")
    option = "none: it is a secret" if setting.secret else option
    return f"| `{setting.name}` | {option} | {default} | {setting.meaning} |\n"


if __name__ == "__main__":
    Path(__file__).with_name("settings.md").write_text(settings_reference(), encoding="utf-8")
