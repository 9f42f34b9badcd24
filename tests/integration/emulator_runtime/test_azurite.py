"""The installation of Azurite, where npm cannot do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.running_emulator import started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Command


def test_why_npm_failed_is_told_in_a_sentence_with_the_log_that_has_the_rest(cli: Command, tmp_path: Path) -> None:
    nowhere = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0"}
    emulated = type(cli)(cli.directory, {**cli.environ, **nowhere, "MLFLOW_AZURE_EMULATOR_CACHE": str(tmp_path / "c")})
    with started(emulated):
        refused = emulated("deploy", "--cloud", "emulator", "--output", "json")
    assert refused.exit_code != 0
    (told,) = [error["message"] for error in refused.errors if "Azurite" in error["message"]]
    assert "with npm: " in told
    assert "127.0.0.1:9" in told
    assert "azurite-install.log" in told
    assert "\\n" not in told
    assert told.count("npm error") == 0
