"""Where the certificates for a build come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow_azure.errors import SettingsError
from mlflow_azure.image.build_ca import VARIABLES, read_build_ca

PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "company.pem"
    path.write_bytes(PEM)
    return path


def test_without_any_the_build_trusts_what_the_base_image_trusts() -> None:
    assert read_build_ca(None, {}) is None


@pytest.mark.parametrize("name", VARIABLES)
def test_the_usual_variables_name_the_file(name: str, file: Path) -> None:
    assert read_build_ca(None, {name: str(file)}) == PEM


def test_the_option_counts_before_the_variables(file: Path) -> None:
    assert read_build_ca(file, dict.fromkeys(VARIABLES, "/nowhere")) == PEM


def test_a_file_that_cannot_be_read_is_named_with_where_it_was_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere \(REQUESTS_CA_BUNDLE\): No such file") as failure:
        read_build_ca(None, {"REQUESTS_CA_BUNDLE": str(tmp_path / "nowhere")})
    assert failure.value.exit_code == 2


def test_a_file_without_a_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----")
    with pytest.raises(SettingsError, match="contains no PEM certificate"):
        read_build_ca(tmp_path / "key.pem", {})
