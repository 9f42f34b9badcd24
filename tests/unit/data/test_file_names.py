from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_azure.data.file_names import ODD, Places

ACCENTED = "\u00fc"


def test_an_ordinary_name_is_its_own_path() -> None:
    assert Places().of("container", "mlartefacts/0/r1/größe 統計.txt") == "container/mlartefacts/0/r1/größe 統計.txt"


@pytest.mark.parametrize(
    "name",
    ["", "..", "a/../../b", "/a", "a//b", "a/", "a\\b", "a:b", "nul", "a/COM1.txt", "end.", "end ", "x" * 300, "\ud800",
     "a\nb", ODD + "/x", "/".join(["deep"] * 300)],
)  # fmt: skip
def test_a_name_that_some_file_system_refuses_lies_under_its_hash(name: str) -> None:
    folder, kept, digest = Places().of("container", name).split("/")
    assert (folder, kept, len(digest)) == ("container", ODD, 64)


@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "A"), ("a", "a/b"), ("a/b", "a"), ("A/b", "a"), (ACCENTED, unicodedata.normalize("NFD", ACCENTED))],
)
def test_of_two_names_that_some_file_system_takes_for_one_the_second_lies_under_its_hash(
    first: str, second: str
) -> None:
    places = Places()
    assert places.of("c", first) == f"c/{first}"
    assert places.of("c", second).startswith(f"c/{ODD}/")
    assert places.of("c", first) == f"c/{first}"


@given(st.lists(st.text(alphabet="aAb./ :üÜ", max_size=6), unique=True))
def test_each_name_has_a_path_of_its_own_below_its_folder(names: list[str]) -> None:
    places = Places()
    paths = [places.of("c", name) for name in names]
    assert len({path.casefold() for path in paths}) == len(names)
    assert [places.of("c", name) for name in names] == paths
    assert all(path.startswith("c/") and ".." not in path.split("/") for path in paths)


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems take fewer names")
@pytest.mark.parametrize("name", ["a:b?.txt", "end.", "a\\b", "x" * 255, "nul", "A/b", '"<>|*', "a\nb"])
def test_on_this_machine_a_name_is_its_own_path_where_its_file_system_takes_it(name: str) -> None:
    places = Places(anywhere=False)
    places.of("c", "a/b")
    assert places.of("c", name) == f"c/{name}"


@pytest.mark.parametrize("name", ["..", "a/../b", "a//b", "x" * 256, "\ud800", "\0", ODD, "a/b/c"])
def test_on_this_machine_a_name_that_its_file_system_refuses_lies_under_its_hash(name: str) -> None:
    places = Places(anywhere=False)
    places.of("c", "a/b")
    assert places.of("c", name).startswith(f"c/{ODD}/")
