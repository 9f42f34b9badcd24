from __future__ import annotations

from mlflow_azure.data.progress import Progress, amount, left


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


def test_how_far_a_copy_is_is_estimated_while_folders_are_still_to_be_listed() -> None:
    progress = Progress(lambda _message, _fraction: None)
    progress.listing(4)
    assert progress.state() == ("0 files, 0 B", None)
    progress.expect(1, 10)
    progress.listing(-1)
    progress.moved(10)
    progress.passed(0.25)
    progress.done(10)
    message, fraction = progress.state()
    assert message.startswith("1 file, 10 B, ")
    assert message.endswith(" left")
    assert "files/s" in message
    assert fraction == 0.25
    progress.listing(1, endless=True)
    assert progress.state()[1] is None


def test_what_an_earlier_run_copied_says_nothing_of_the_time_that_is_left() -> None:
    progress = Progress(lambda _message, _fraction: None)
    progress.expect(2, 0)
    progress.done(0, skipped=True)
    assert progress.state() == ("1 of 2 files, 0 B of 0 B", 0.5)


def test_times_are_in_words() -> None:
    assert [left(seconds) for seconds in (0, 99, 100, 5999, 6000)] == [
        "0 s left", "99 s left", "2 min left", "100 min left", "1.7 h left",
    ]  # fmt: skip


def test_amounts_are_in_words() -> None:
    assert [amount(count) for count in (0, 1023, 1024, 3 * 2**20, 5.5 * 2**30)] == [
        "0 B", "1023 B", "1.0 KiB", "3.0 MiB", "5.5 GiB",
    ]  # fmt: skip
