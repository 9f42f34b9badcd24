"""docs/output.md says what scripts rely on: it has to be true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure import errors
from mlflow_azure.errors import MlflowAzureError, SeveralErrors

if TYPE_CHECKING:
    from tests.support.consoles import Steps, Streams

PAGE = (Path(__file__).parents[3] / "docs" / "output.md").read_text(encoding="utf-8")


def test_the_page_lists_exactly_the_exit_codes_that_there_are() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MlflowAzureError)]
    assert listed == {0} | {kind.exit_code for kind in kinds if kind is not SeveralErrors}


def test_the_documents_on_the_page_have_the_fields_that_the_console_writes(
    streams: type[Streams], steps: type[Steps]
) -> None:
    done, failed = streams(output="json"), streams(output="json")
    done.console.result("plan", {"changes": steps.every}, "")
    failed.console.failure("deploy", MlflowAzureError("failed", hint="try again"))
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    for example, written in zip(shown, (json.loads(done.out), json.loads(failed.out)), strict=True):
        assert list(example) == list(written)
        assert [set(error) for error in example["errors"]] == [set(error) for error in written["errors"]]
