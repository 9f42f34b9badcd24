from __future__ import annotations

import runpy
from pathlib import Path

from mlflow_azure.settings import load

ROOT = Path(__file__).parents[2]


def test_the_reference_of_the_settings_is_current() -> None:
    expected = runpy.run_path(str(ROOT / "docs" / "build.py"))["settings_reference"]()
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == expected, "run: python docs/build.py"


def test_the_page_on_what_the_emulator_knows_is_current() -> None:
    expected = runpy.run_path(str(ROOT / "docs" / "build.py"))["coverage_reference"]()
    assert (ROOT / "docs" / "emulator-coverage.md").read_text(encoding="utf-8") == expected, "run: python docs/build.py"


def test_the_example_settings_are_accepted() -> None:
    loaded = load({}, {}, file=ROOT / "examples" / "mlflow-azure.env", directory=ROOT)
    settings = loaded.resolve(loaded.given("SUBSCRIPTION_ID") or "")
    assert settings.allow_ip == ("203.0.113.0/24", "198.51.100.7/32")
