from __future__ import annotations

from mlflow_azure.data.ledger import Ledger
from mlflow_azure.data.manifest import Entry

ENTRIES = [
    Entry("share", "runs/empty/deeper"),
    Entry("share", "runs/of a file"),
    Entry("share", "runs/of a file/a", "share/a", 1),
    Entry("share", "runs/\ud800", "share/odd", 1),
]


def filled() -> Ledger:
    ledger = Ledger()
    ledger.want(ENTRIES)
    return ledger


def test_directories_are_those_of_the_backup_and_those_above_its_files() -> None:
    ledger = filled()
    levels = [set(level) for level in ledger.by_depth()]
    assert levels == [{"runs"}, {"runs/empty", "runs/of a file"}, {"runs/empty/deeper"}]
    assert set(ledger.without_files()) == {"runs/empty", "runs/empty/deeper"}
    assert "runs/empty" in ledger
    assert "runs/of a file/a" not in ledger


def test_what_is_there_is_told_from_what_is_wanted() -> None:
    ledger = filled()
    for name in ("runs/\ud800", "runs/other", "runs/of a file/a/b", "runs/empty"):
        ledger.note("there", name, 7)
    assert (ledger.there("runs/\ud800"), ledger.there("runs/of a file/a"), ledger.there("no")) == (7, None, None)
    assert [name for name, _, wanted in ledger.all_there() if wanted] == ["runs/\ud800"]
    assert list(ledger.surplus()) == ["runs/empty", "runs/of a file/a/b", "runs/other"]
    assert [ledger.is_in_the_way(name) for name in ledger.surplus()] == [True, True, False]


def test_what_was_written_is_compared_with_what_is_there_afterwards() -> None:
    ledger = filled()
    ledger.note("there", "removed", 3)
    ledger.note("written", "runs/of a file/a", 1)
    ledger.note("written", "runs/\ud800", 1)
    assert ledger.different() == "runs/of a file/a"
    ledger.note("afterwards", "runs/of a file/a", 1)
    ledger.note("afterwards", "runs/\ud800", 2)
    assert ledger.different() == "runs/\ud800"
    ledger.note("afterwards", "runs/\ud800", 1)
    assert ledger.different() is None
    ledger.note("afterwards", "runs/by someone else", 1)
    assert ledger.different() == "runs/by someone else"
