"""Building and pushing the image: where nothing of it is there yet, and where the layers are.

In the emulated registry, which installs the image's locked requirements as a build does; an engine on this machine
builds as fast as it does, and caches what it likes.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow_azure.emulator.runtime.cache import cache_directory
from tests.bench.cloud import cloud
from tests.bench.measure import Spread, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.cloud import Cloud

COLD, WARM, THERE = "cold: nothing is cached", "warm: another registry, same content", "the registry has it"


def measure(rounds: int) -> Iterator[str]:
    """Seconds of the whole deploy, and of its step that builds and pushes the image."""
    deploys: dict[str, list[float]] = {name: [] for name in (COLD, WARM, THERE)}
    steps: dict[str, list[float]] = {name: [] for name in (COLD, WARM, THERE)}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory:
            _keep_what_is_no_image(Path(directory))
            with cloud({"MLFLOW_AZURE_EMULATOR_CACHE": directory}, warm=False) as found:
                for name, group in ((COLD, "first"), (WARM, "second"), (THERE, "second")):
                    whole, step = _image(found, group)
                    deploys[name].append(whole)
                    steps[name].append(step)
    yield table(
        ["", "the image, s", "the whole deploy, s"],
        ([name, Spread.of(steps[name]), Spread.of(deploys[name])] for name in deploys),
    )


def _keep_what_is_no_image(directory: Path) -> None:
    """Let the emulator find all but the images' environments: Azurite, the ports."""
    for each in cache_directory().iterdir():
        if each.name != "environments":
            (directory / each.name).symlink_to(each)


def _image(found: Cloud, group: str) -> tuple[float, float]:
    done = found.command("deploy", "--build", "remote", group=group)
    resources = json.loads(done.stdout)["data"]["resources"]
    return done.seconds, next(each["seconds"] for each in resources if each["kind"] == "image")
