"""Generate the parts of the documentation that come from the code: python docs/build.py."""

from __future__ import annotations

import json
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.emulator.arm import provider_endpoints
from mlflow_azure.settings import DEFAULT_FILE, SETTINGS, Setting

sys.path.insert(0, str(Path(__file__).parent))  # when run from elsewhere, as by the tests
import answers
import error_codes
import manual

if TYPE_CHECKING:
    from mlflow_azure.emulator.arm.call import Endpoint

HERE = Path(__file__).parent
HEAD = f"""# Settings

This page is generated from the table of settings in the code: `python docs/build.py`.

Every setting has the same name everywhere. Sources, in order of precedence:

1. the command-line option, such as `--rg-name my-group`;
2. the environment variable, such as `RG_NAME=my-group`;
3. the settings file, with lines such as `RG_NAME=my-group`: the one given with `--settings FILE`, otherwise
   `./{DEFAULT_FILE}` if it exists;
4. the default.

An empty value counts as not set. The settings file has dotenv syntax: comments, quotes and `export` are supported;
variables are not expanded.

All values are checked against Azure's rules before the first request, and all errors are reported at once.

| setting | option | default | meaning |
|---|---|---|---|
"""

TAIL = f"""
The short hash is computed from the subscription and the resource group, so that the names are globally unique and a
second run finds what the first one created.

## Commands

- `mlflow-azure settings init` writes a `{DEFAULT_FILE}` with every setting commented out.
- `mlflow-azure settings show` shows each value and its source.
- `mlflow-azure settings import deploy.sh` imports the settings of a bash script that deployed MLflow with `az`, without
  running it. Values known only at run time, such as `$RANDOM` or `$(...)`, are reported and skipped. Add `--write` to
  write `{DEFAULT_FILE}` instead of showing the settings.

For an example, see [examples/mlflow-azure.env](../examples/mlflow-azure.env).
"""


def settings_reference() -> str:
    """Return the page about settings."""
    return HEAD + "".join(_row(setting) for setting in SETTINGS.values()) + TAIL


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if isinstance(setting.default, str) and setting.default else setting.default_words
    names = " or ".join(f"`{name}`" for name in (setting.option, *setting.spellings))
    option = names + (", repeatable; commas elsewhere" if setting.multiple else "")
    option = "none: it is a secret" if setting.secret else option
    return f"| `{setting.name}` | {option} | {default} | {setting.meaning} |\n"


_SUBSCRIPTION = "/subscriptions/{subscription}"
RECORDINGS = Path(__file__).parents[1] / "tests" / "integration" / "emulator" / "recorded"
COVERAGE_HEAD = """# What the emulator knows

This page is generated from the emulator's routes and from the recorded responses it is tested with:
`python docs/build.py`. It lists the operations of Azure Resource Manager; [emulator.md](emulator.md) describes what is
behind them.

The source of an operation's behaviour:

- **recorded**: a response of real Azure was recorded, and a test replays it
  ([how](../tests/integration/emulator/recorded/README.md));
- **documented**: it follows Microsoft's reference;
- **assumed**: neither exists, and the response is the most likely one.

Anything not listed is refused with `501 NotImplemented`. Every operation accepts any `api-version`, and responds in the
format of the newest recorded one, without fields known to be newer than the requested version. SUBSCRIPTION stands for
`/subscriptions/{subscription}`, and GROUP for
`/subscriptions/{subscription}/resourceGroups/{group}`.
"""


def coverage_reference() -> str:
    """Return the page about what the emulator supports."""
    endpoints = provider_endpoints()
    recorded = _recorded(endpoints)
    ordered = sorted(endpoints, key=lambda endpoint: (_provider(endpoint), endpoint.template, endpoint.method))
    page = [COVERAGE_HEAD]
    for provider, group in groupby(ordered, key=_provider):
        page.append(f"\n## {provider}\n\n| operation | what | source | what it lacks |\n|---|---|---|---|\n")
        page += [_operation(endpoint, recorded) for endpoint in group]
    return "".join(page)


def _recorded(endpoints: list[Endpoint]) -> set[tuple[str, str]]:
    """Return the method and path template of every operation in the recordings."""
    patterns = [(endpoint, re.compile(_pattern(endpoint.template), re.IGNORECASE)) for endpoint in endpoints]
    found = set()
    for file in RECORDINGS.glob("*.json"):
        for exchange in json.loads(file.read_text(encoding="utf-8"))["exchanges"]:
            path = exchange["path"].partition("?")[0]
            for endpoint, pattern in patterns:
                if endpoint.method == exchange["method"] and pattern.fullmatch(path):
                    found.add((endpoint.method, endpoint.template))
                    break  # the first matching route handles the request
    return found


def _pattern(template: str) -> str:
    """Return a regular expression for the paths of a route."""
    parts = re.split(r"(\{[^}]+\})", template)
    return "".join(
        (".+" if ":path" in part else "[^/]+") if part.startswith("{") else re.escape(part) for part in parts
    )


def _provider(endpoint: Endpoint) -> str:
    namespace = endpoint.template.rpartition("/providers/")[2].partition("/")[0]
    return namespace if namespace.startswith("Microsoft.") else "Microsoft.Resources"


def _operation(endpoint: Endpoint, recorded: set[tuple[str, str]]) -> str:
    if (endpoint.method, endpoint.template) in recorded:
        source = "recorded"
    else:
        source = f"[documented]({endpoint.reference})" if endpoint.reference else "assumed"
    what = (endpoint.handler.__doc__ or "").strip().partition("\n")[0].replace("|", "\\|")
    path = endpoint.template.replace(":path}", "}").replace(_SUBSCRIPTION + "/resourceGroups/{group}", "GROUP")
    path = path.replace(_SUBSCRIPTION, "SUBSCRIPTION")
    return f"| `{endpoint.method} {path}` | {what} | {source} | {endpoint.lacks} |\n"


_ANSWERS = re.compile(r"(<!-- answers: .*?-->\n).*?(<!-- end of answers -->)", re.DOTALL)


def output_reference() -> str:
    """Return the page about output, with its generated part replaced."""
    page = (HERE / "output.md").read_text(encoding="utf-8")
    return _ANSWERS.sub(lambda marks: f"{marks[1]}\n{answers.reference()}\n{marks[2]}", page)


def pages() -> dict[str, str]:
    """Return every generated file, by its path in this directory."""
    schemas = {f"schemas/{name}": json.dumps(schema, indent=2) + "\n" for name, schema in answers.schemas().items()}
    return {
        "settings.md": settings_reference(),
        "emulator-coverage.md": coverage_reference(),
        "commands.md": manual.page(),
        "errors.md": error_codes.reference(),
        "output.md": output_reference(),
        **schemas,
        "../share/man/man1/mlflow-azure.1": manual.man_page(),
        **{f"../share/{path}": script for path, script in manual.completion().items()},
    }


if __name__ == "__main__":
    for path, content in pages().items():
        (HERE / path).parent.mkdir(parents=True, exist_ok=True)
        (HERE / path).write_text(content, encoding="utf-8")
