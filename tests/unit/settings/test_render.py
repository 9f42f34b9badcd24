from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow_azure.settings import SETTINGS, load, render

if TYPE_CHECKING:
    from pathlib import Path

SUBSCRIPTION = "6a7c3c0e-36b5-4c6f-9f0b-0c3f0a1b2c3d"


def test_the_template_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "mlflow-azure.env").write_text(render.template(), encoding="utf-8")
    assert not any(load({}, {}, None, tmp_path).given(name) for name in SETTINGS)


def test_the_template_uncommented_gives_every_default(tmp_path: Path) -> None:
    text = "".join(
        line.removeprefix("#") + "\n" for line in render.template().splitlines() if not line.startswith("# ")
    )
    assert [line.partition("=")[0] for line in text.split()] == list(SETTINGS)
    (tmp_path / "mlflow-azure.env").write_text(text, encoding="utf-8")
    defaults = load({}, {}, None, tmp_path / "elsewhere").resolve(SUBSCRIPTION)
    assert load({}, {}, None, tmp_path).resolve(SUBSCRIPTION) == defaults
