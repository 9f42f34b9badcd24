from __future__ import annotations

import io
import shlex
import tempfile
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from mlflow_azure.settings import load, render
from mlflow_azure.settings.script import Imported, read_script

DEPLOY_SH = (Path(__file__).parent / "deploy.sh").read_text(encoding="utf-8")


def taken(script: str) -> dict[str, str]:
    return {name: value.text for name, value in read_script(script, "deploy.sh").values.items()}


def reason(script: str) -> str:
    result = read_script(script, "deploy.sh")
    assert not result.values
    (item,) = result.left_out
    return item.reason


def test_the_variable_block_of_a_deploy_script_becomes_settings() -> None:
    assert taken(DEPLOY_SH) == {
        "SUBSCRIPTION_ID": "6A7C3C0E-36B5-4C6F-9F0B-0C3F0A1B2C3D",
        "RG_NAME": "team-mlflow",
        "RG_LOCATION": "North Europe",
        "ACR_NAME": "teammlflowregistry",
        "DOCKER_IMAGE_NAME": "mlflowimage",
        "DOCKER_IMAGE_TAG": "1.5.0",
        "ASP_NAME": "team-mlflow-plan",
        "ASP_SKU": "P1V3",
        "MLFLOW_HOST": "0.0.0.0",
        "MLFLOW_PORT": "5000",
        "STORAGE_CONTAINER_NAME": "mlflow",
        "STORAGE_MOUNT_POINT": "/mlruns",
        "MLFLOW_FILESTORE": "/mlruns/mlruns",
        "SP_NAME": "MLflow of the team",
        "AAD_ISSUER_URL": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/",
    }


def test_what_cannot_be_taken_is_named_with_its_line_and_a_reason() -> None:
    result = read_script(DEPLOY_SH, "deploy.sh")
    assert {item.name: (item.place, item.reason) for item in result.left_out} == {
        "WEB_APP_NAME": (
            "deploy.sh, line 19",
            '"team_mlflow" must be 2 to 60 letters, digits and hyphens, with no hyphen at either end',
        ),
        "MLFLOW_WORKERS": ("deploy.sh, line 23", "its value is the output of a command, $(...)"),
        "STORAGE_ACCOUNT_NAME": ("deploy.sh, line 26", "$RANDOM differs on every run"),
        "STORAGE_FILE_SHARE_NAME": ("deploy.sh, line 31", "$SHARE is known only at run time"),
        "STORAGE_FILE_SHARE_SIZE": ("deploy.sh, line 32", "its value is empty"),
    }


def test_other_variables_are_listed_without_their_values() -> None:
    result = read_script(DEPLOY_SH, "deploy.sh")
    assert list(result.unknown) == [
        "SP_PASSWORD",
        "TENANT_ID",
        "STORAGE_ACCESS_KEY",
        "STORAGE_CONNECTION_STRING",
        "ACR_USERNAME",
        "ACR_PASSWORD",
        "LOGIN_SERVER",
        "ARTIFACT_ROOT",
    ]
    assert result.unknown["SP_PASSWORD"] == "deploy.sh, line 36"
    assert "battery" not in repr(result)


def test_the_written_file_gives_the_same_settings_and_holds_no_other_value(tmp_path: Path) -> None:
    result = read_script(DEPLOY_SH, "deploy.sh")
    text = render.imported(result, "deploy.sh")
    assert "battery" not in text
    assert "# STORAGE_ACCOUNT_NAME was left out (deploy.sh, line 26): $RANDOM differs on every run\n" in text
    (tmp_path / "mlflow-azure.env").write_text(text, encoding="utf-8")
    loaded = load({}, {}, file=None, directory=tmp_path)
    assert {name: loaded.given(name) for name in result.values} == taken(DEPLOY_SH)


@pytest.mark.parametrize(
    "line",
    [
        "RG_NAME=rg-one",
        "RG_NAME=rg-one\r\n",
        "RG_NAME=rg-one # a comment with an apostrophe: don't",
        "export RG_NAME='rg-one'",
        "  declare -x RG_NAME=rg-\\\none",
        "readonly RG_NAME=\"rg\"-'one'",
        "if true; then RG_NAME=rg-one; fi",
        "test -n '' || RG_NAME=rg-one",
        "RG_NAME=no; RG_NAME=rg-one",
        "unset X; PART=one RG_NAME=rg-one",
        "PART=one; RG_NAME=rg-$PART",
        'PART=one; RG_NAME="rg-${PART}"',
        ': "${RG_NAME:=rg-one}"',
        ": ${RG_NAME:=rg-one}",
        "RG_NAME=${RG_NAME:-rg-one}",
        'RG_NAME="${RG_NAME:-"rg-one"}"',
        "unset RG_NAME; RG_NAME=rg-one",
        "RG_NAME=rg-one; RG_NAME=no az group create",
        "\ufeffRG_NAME=rg-one",
        "if prod; then RG_NAME=rg-one; else RG_NAME=rg-one; fi",
        "if prod; then RG_NAME=no; fi; RG_NAME=rg-one",
    ],
)
def test_an_assignment_is_read_as_bash_reads_it(line: str) -> None:
    assert taken(line) == {"RG_NAME": "rg-one"}


@pytest.mark.parametrize(
    "script",
    [
        "# RG_NAME=no",
        "az webapp config appsettings set --settings RG_NAME=no",
        "az webapp config appsettings set --settings \\\nRG_NAME=no",
        "echo 'first\nRG_NAME=no\n'",
        'echo "$(echo ")")\nRG_NAME=no\n"',
        "cat <<EOF\nRG_NAME=no\nEOF\n",
        "cat <<-'E' > file\nRG_NAME=no\n\tE\n",
        "((RG_NAME=1))",
        "[[ RG_NAME=no ]]",
        "export RG_NAME",
    ],
)
def test_what_only_looks_like_an_assignment_is_no_assignment(script: str) -> None:
    assert read_script(script, "deploy.sh") == Imported(values={}, left_out=(), unknown={})


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("RG_NAME=rg$RANDOM", "$RANDOM differs on every run"),
        ("RG_NAME=$1", "its value is the shell's $1"),
        ("RG_NAME=rg-$USER", "$USER is known only at run time"),
        ('RG_NAME="$(az group list --query "[0].name")"', "its value is the output of a command, $(...)"),
        ("RG_NAME=`hostname`", "its value is the output of a command, `...`"),
        ("RG_NAME=${X:-$(echo })}", "its value is a shell expansion, ${...}"),
        ("RG_NAME=$((1 + 1))", "its value is arithmetic, $((...))"),
        ("RG_NAME=$'rg\\'x'", "its value is a $'...' string"),
        ("RG_NAME=(a b)", "its value is an array"),
        ("RG_NAME=a; RG_NAME+=b", "its value is appended to its previous value"),
        ("read RG_NAME", "its value is read while the script runs"),
        ("read -r -p 'Group: ' RG_NAME", "its value is read while the script runs"),
        ("read -rp STORAGE_ACCOUNT_NAME RG_NAME", "its value is read while the script runs"),
        ("for RG_NAME in a b; do deploy; done", "its value is different in each pass of a loop"),
        ("printf -v RG_NAME rg-%s one", "its value is the output of printf"),
        ("deploy() {\n  local RG_NAME=rg-one\n}", "its value is local to a function"),
        ("IFS= read -r RG_NAME", "its value is read while the script runs"),
        ("mapfile -t RG_NAME < groups", "its value is an array"),
        ("RG_NAME[0]=rg-one", "its value is an array"),
        ("let MLFLOW_WORKERS=2+2", "its value is arithmetic"),
        ("eval RG_NAME=rg-one", "its value is set by eval"),
        ("RG_NAME=a; unset RG_NAME", "not set: the script unsets it"),
        ("RG_NAME=rg-one az group create", "not assigned: it is set for one command only"),
        ("env RG_NAME=rg-one ./deploy.sh", "not assigned: it is set for one command only"),
        ("set RG_NAME=rg-one", "not assigned: bash's set assigns no variable"),
        ("RG_NAME= rg-one", "not assigned: bash allows no space around the ="),
        ("RG_NAME = rg-one", "not assigned: bash allows no space around the ="),
        ("RG_NAME := rg-one", "not assigned: bash allows no space around the ="),
        ("function f { local RG_NAME=rg-one; }", "its value is local to a function"),
        ("RG_NAME =rg-one", "not assigned: bash allows no space around the ="),
        ('echo "${RG_NAME:=$(date)}"', "its value is a shell expansion, ${...}"),
        (
            "if prod; then\nRG_NAME=a\nelse\nRG_NAME=b\nfi",
            "it depends on a condition: deploy.sh, line 2 gives it another value",
        ),
        (
            "case $1 in\na) RG_NAME=a ;;\nb) RG_NAME=b ;;\nesac",
            "it depends on a condition: deploy.sh, line 2 gives it another value",
        ),
        ("RG_NAME=a\nprod && RG_NAME=b", "it depends on a condition: deploy.sh, line 1 gives it another value"),
        ("SUBSCRIPTION_ID=<your-id>", '"<your-id>" is a placeholder; put your own value in its place'),
        ("RG_NAME='your resource group'", '"your resource group" is a placeholder; put your own value in its place'),
        ("AAD_CLIENT_SECRET=correct-horse", "it is a secret; set it in the environment instead"),
        ("RG_NAME=plain; RG_NAME=$(date)", "its value is the output of a command, $(...)"),
    ],
)
def test_what_only_a_running_shell_knows_is_left_out(script: str, words: str) -> None:
    assert reason(script) == words


def test_a_file_store_outside_of_the_scripts_mount_point_is_left_out_and_the_mount_point_with_it() -> None:
    result = read_script("STORAGE_MOUNT_POINT=/data\nMLFLOW_FILESTORE=/mlruns", "deploy.sh")
    assert [item.name for item in result.left_out] == ["MLFLOW_FILESTORE", "STORAGE_MOUNT_POINT"]
    assert "such as /data/mlruns" in result.left_out[0].reason
    assert "it does not fit the default of MLFLOW_FILESTORE" in result.left_out[1].reason


@given(st.sampled_from(["/mlruns", "/data", "/", "$(x)", ""]), st.sampled_from(["/mlruns/a", "/data/a", "/b", ""]))
def test_what_was_taken_is_a_settings_file_that_is_not_refused(mount: str, store: str) -> None:
    result = read_script(f"STORAGE_MOUNT_POINT={mount}\nMLFLOW_FILESTORE={store}\n", "deploy.sh")
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "mlflow-azure.env").write_text(render.imported(result, "deploy.sh"), encoding="utf-8")
        load({}, {}, file=None, directory=Path(directory))


@given(st.text(alphabet=st.characters(exclude_categories=["C"]), min_size=1, max_size=200).map(str.strip).filter(bool))
def test_every_value_that_a_shell_can_quote_survives_script_and_file(value: str) -> None:
    result = read_script(f"SP_NAME={shlex.quote(value)}", "deploy.sh")
    assert {name: v.text for name, v in result.values.items()} == {"SP_NAME": value}
    written = io.StringIO(render.imported(result, "deploy.sh"))
    assert dotenv_values(stream=written, interpolate=False) == {"SP_NAME": value}


@given(st.text(alphabet="AB=+ \t\n'\"`$\\(){}[]<>-;&|#xy1", max_size=60))
def test_every_text_is_read_to_its_end(script: str) -> None:
    read_script(script, "deploy.sh")


def test_files_that_the_script_reads_are_named_since_there_may_be_settings_in_them() -> None:
    result = read_script('. ./common.sh\nRG_NAME=rg\nif x; then source "$(dirname "$0")/team.env"; fi\n', "deploy.sh")
    assert list(result.values) == ["RG_NAME"]
    assert [(item.name, item.place) for item in result.left_out] == [
        ("./common.sh", "deploy.sh, line 1"),
        ("…/team.env", "deploy.sh, line 3"),
    ]
