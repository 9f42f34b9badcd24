"""Chromium, as people sit before it."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import element_to_be_clickable as clickable
from selenium.webdriver.support.expected_conditions import visibility_of_element_located as visible
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.remote.webelement import WebElement

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

_PATIENCE = 120
"""Seconds."""
_NOT_YET = (
    *(NoSuchElementException, StaleElementReferenceException),
    *(ElementClickInterceptedException, ElementNotInteractableException),
)


class Browser:
    """Chromium, and what can be seen in it. Everything waits until it is there."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver
        self._wait = WebDriverWait(driver, _PATIENCE, ignored_exceptions=_NOT_YET)

    def open(self, url: str) -> None:
        self._driver.get(url)

    def see(self, where: str, text: str) -> WebElement:
        """The element that holds this very text, in the first element with the CSS class."""
        return self._wait.until(visible((By.XPATH, f"//*[contains(@class, '{where}')]//*[text()='{text}']")))

    def click(self, where: str, text: str) -> None:
        self._click((By.XPATH, f"//*[contains(@class, '{where}')]//*[text()='{text}']"))

    def follow(self, end: str) -> None:
        """Click the link whose address ends so."""
        self.press(f"a[href$='{end}']")

    def press(self, selector: str) -> None:
        """Click what the CSS selector finds first."""
        self._click((By.CSS_SELECTOR, selector))

    def write(self, selector: str, text: str) -> None:
        """Type into a text field."""
        self._wait.until(clickable((By.CSS_SELECTOR, selector))).send_keys(text)

    def read(self, text: str) -> WebElement:
        """The first element that holds this very text and no other, wherever it is."""
        held = "normalize-space(translate(., '\u00a0', ' '))"
        return self._wait.until(visible((By.XPATH, f"//body//*[{held}='{text}']")))

    def count(self, selector: str, number: int) -> None:
        self._wait.until(lambda driver: len(driver.find_elements(By.CSS_SELECTOR, selector)) == number)

    def value(self, selector: str) -> str:
        """What a text field holds."""
        return self._wait.until(visible((By.CSS_SELECTOR, selector))).get_attribute("value") or ""

    def _click(self, where: tuple[str, str]) -> None:
        """Click what may be drawn anew, or be below something else, just before it is clicked: again, then."""

        def clicked(driver: Chrome) -> bool:
            driver.find_element(*where).click()
            return True

        WebDriverWait(self._driver, _PATIENCE, ignored_exceptions=_NOT_YET).until(clicked)

    def keep(self, path: Path) -> None:
        self._driver.save_screenshot(str(path))


@contextmanager
def browsing(width: int, height: int) -> Iterator[Browser]:
    """A browser with a window of this size, in pixels. The test is skipped where there is none."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("Chromium and its driver are not on this machine: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*QUIET, f"--window-size={width},{height}", "--hide-scrollbars"):
        options.add_argument(flag)
    driver = Chrome(options, Service(chromedriver))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
