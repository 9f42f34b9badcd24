"""A deployed MLflow 3 as people see it: a registered model, and a trace.

`KEEP_SCREENSHOT=docs/mlflow3-ui.png pytest tests/browser/test_mlflow3_ui.py` renews the picture of the documentation.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.command import isolated
from tests.support.deployment import Deployment, deployed
from tests.support.environments import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.browser import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]
WINDOW = (1280, 800)
CLOSE_ASSISTANT = "[data-component-id='mlflow.assistant.chat_panel.close']"
OUTPUT_OF_TRACE = "a[aria-label^='Open trace'][aria-label$='output']"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(isolated(tmp_path_factory.mktemp("browser")), "--mlflow", "3", "--public") as deployment:
        yield deployment


@pytest.fixture(scope="module")
def logged(deployment: Deployment) -> str:
    """What the example of MLflow 3 has printed."""
    return subprocess.run(
        [environment("examples-newest") / "python", CHECKOUT / "examples" / "register_model.py"],
        cwd=deployment.cli.directory,
        env={**deployment.cli.environment(), **deployment.json("env").data},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_people_find_the_model_its_alias_and_version_and_may_describe_it(
    deployment: Deployment, logged: str, browser: Browser
) -> None:
    browser.open(f"{deployment.url}/#/models")
    browser.read("Try it now").click()  # a word of welcome
    browser.press(CLOSE_ASSISTANT)
    browser.follow("#/models/diabetes")
    browser.read("@ champion")
    browser.read("Edit").click()
    browser.write("textarea", "Described in the page.")
    browser.read("Save").click()  # refused, unless the server knows the page's address
    browser.read("Described in the page.")

    browser.follow("#/models/diabetes/versions/1")
    browser.read("Registered At")
    browser.read("@ champion")


def test_people_find_the_trace_of_a_prediction_and_its_span(
    deployment: Deployment, logged: str, browser: Browser
) -> None:
    (traces,) = re.findall(r"^traces +(\S+)$", logged, re.MULTILINE)
    browser.open(traces)
    browser.press(CLOSE_ASSISTANT)
    browser.press(OUTPUT_OF_TRACE)
    browser.read("Spans")
    browser.read("predict")
    browser.read("patient")
    if wanted := os.environ.get("KEEP_SCREENSHOT"):
        browser.keep(CHECKOUT / wanted)
