"""Rows of PostgreSQL's COPY, as sqlite keeps them."""

from __future__ import annotations

from mlflow_azure.data.sqlite import rows_of


def test_escapes_nulls_and_types_are_read_as_copy_writes_them() -> None:
    lines = ["a\\tb\\\\N\t\\N\tt\t\\\\x00ff\n", "\t\\\\.\tf\t\\N\n", "1\u2028\x85\t2\\r\\n\t\\N\t\\\\x\n"]
    assert list(rows_of(iter(lines), ["text", "text", "boolean", "bytea"])) == [
        ["a\tb\\N", None, 1, b"\x00\xff"],
        ["", "\\.", 0, None],
        ["1\u2028\x85", "2\r\n", None, b""],
    ]
