"""The deployed server as people see it: MLflow's pages in a browser.

`KEEP_SCREENSHOT=docs/mlflow-ui.png pytest tests/browser` renews the picture of the documentation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import element_to_be_clickable as clickable
from selenium.webdriver.support.expected_conditions import visibility_of_element_located as visible
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.command import isolated
from tests.support.deployment import Deployment, deployed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.remote.webelement import WebElement

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHECKOUT = Path(__file__).parents[2]
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


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


class Browser:
    """Chromium, and what can be seen in it. Everything waits until it is there."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver
        self._wait = WebDriverWait(driver, 60)

    def open(self, url: str) -> None:
        self._driver.get(url)

    def see(self, where: str, text: str) -> WebElement:
        """The element that holds this very text, in the first element with the CSS class."""
        return self._wait.until(visible((By.XPATH, f"//*[contains(@class, '{where}')]//*[text()='{text}']")))

    def click(self, where: str, text: str) -> None:
        self.see(where, text).click()

    def follow(self, end: str) -> None:
        """Click the link whose address ends so."""
        self._wait.until(clickable((By.CSS_SELECTOR, f"a[href$='{end}']"))).click()

    def count(self, selector: str, number: int) -> None:
        self._wait.until(lambda driver: len(driver.find_elements(By.CSS_SELECTOR, selector)) == number)

    def value(self, selector: str) -> str:
        """What a text field holds."""
        return self._wait.until(visible((By.CSS_SELECTOR, selector))).get_attribute("value") or ""

    def keep(self, path: Path) -> None:
        self._driver.save_screenshot(str(path))


@pytest.fixture
def browser() -> Iterator[Browser]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("Chromium and its driver are not on this machine: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*QUIET, "--window-size=1100,720", "--hide-scrollbars"):
        options.add_argument(flag)
    driver = Chrome(options, Service(chromedriver))
    yield Browser(driver)
    driver.quit()


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
