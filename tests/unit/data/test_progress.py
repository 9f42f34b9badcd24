from __future__ import annotations

from mlflow_azure.data.progress import Progress, amount


def test_the_fraction_is_told_once_everything_is_listed() -> None:
    told: list[tuple[str, float | None]] = []
    progress = Progress(lambda message, fraction: told.append((message, fraction)))
    progress.listing(1)
    progress.expect(2, 4096)
    progress.moved(1024)
    progress.listing(-1)
    progress.done(1024)
    assert told[0][0].startswith("0 files, 1.0 KiB")
    assert told[0][1] is None
    message, fraction = progress.state()
    assert message.startswith("1 of 2 files, 1.0 KiB of 4.0 KiB")
    assert "s left" in message
    assert fraction == (1 / 2 + 1 / 4) / 2


def test_amounts_are_in_words() -> None:
    assert [amount(count) for count in (0, 1023, 1024, 3 * 2**20, 5.5 * 2**30)] == [
        "0 B", "1023 B", "1.0 KiB", "3.0 MiB", "5.5 GiB",
    ]  # fmt: skip
