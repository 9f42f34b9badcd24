"""The deployed server as people see it: MLflow's pages in a browser.

`KEEP_SCREENSHOT=docs/mlflow-ui.png pytest tests/browser` renews the picture of the documentation.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.command import isolated
from tests.support.deployment import Deployment, deployed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.browser import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHECKOUT = Path(__file__).parents[2]
WINDOW = (1100, 720)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(isolated(tmp_path_factory.mktemp("browser"))) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def logged(deployment: Deployment, image_bin: Path) -> str:
    """The id of the run that the first example has logged with the MLflow 1.5.0 client."""
    variables = deployment.json("env", "--show-secrets").data
    example = CHECKOUT / "examples" / "log_run.py"
    environ = {**deployment.cli.environment(), **variables}
    done = subprocess.run(
        [image_bin / "python", example],
        cwd=deployment.cli.directory,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.partition("run ")[2].partition(" ")[0]


def test_people_find_the_run_its_artifact_and_the_chart_of_its_metric(
    deployment: Deployment, logged: str, browser: Browser
) -> None:
    browser.open(deployment.url)
    browser.click("experiment-list-container", "demo")
    browser.follow(logged)
    browser.see("HtmlTableView", "alpha")
    browser.click("artifact-left", "notes.txt")
    assert browser.value(".artifact-right textarea") == "Logged to blob storage.\n"
    browser.click("HtmlTableView", "rmse")
    browser.count(".js-plotly-plot .point", 10)
    if wanted := os.environ.get("KEEP_SCREENSHOT"):
        browser.keep(CHECKOUT / wanted)
