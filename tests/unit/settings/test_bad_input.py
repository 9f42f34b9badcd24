"""Whatever stands in settings, files and scripts: it is taken, or refused with sentences, and nothing else happens."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mlflow_azure.errors import MlflowAzureError, SettingsError, SeveralErrors
from mlflow_azure.settings import SETTINGS, load
from mlflow_azure.settings.script import read_script

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
NAMES = st.sampled_from(sorted(SETTINGS))
EXAMPLES = 500
LINES = st.one_of(
    st.text(max_size=80),
    st.builds("{}={}".format, NAMES, st.text(max_size=40)),
    st.builds("export {}=${{{}:-{}}}".format, NAMES, NAMES, st.text(max_size=20)),
    st.builds("{}=$(az {})".format, NAMES, st.text(max_size=20)),
)


def assert_sentences(error: MlflowAzureError) -> None:
    assert error.exit_code == 2
    for problem in error.problems:
        assert isinstance(problem, SettingsError)
        assert problem.message.strip()
        assert problem.hint.strip()


def tried(environ: dict[str, str], file: Path | None = None) -> None:
    with tempfile.TemporaryDirectory() as directory:
        try:
            load({}, environ, file, Path(directory)).resolve(SUBSCRIPTION)
        except (SettingsError, SeveralErrors) as error:
            assert_sentences(error)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)))
def test_no_value_of_a_setting_is_more_than_a_setting_fault(values: dict[str, str]) -> None:
    tried(values)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(LINES, max_size=8).map(lambda lines: "\n".join(lines).encode("utf-8", "replace")),
    )
)
def test_no_settings_file_is_more_than_a_setting_fault(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "mlflow-azure.env"
        file.write_bytes(content)
        tried({}, file)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(LINES, max_size=12).map("\n".join))
def test_every_script_is_read_or_refused(script: str) -> None:
    try:
        read_script(script, "deploy.sh")
    except (SettingsError, SeveralErrors) as error:
        assert_sentences(error)
