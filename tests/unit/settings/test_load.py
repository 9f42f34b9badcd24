from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from mlflow_azure.errors import MlflowAzureError, SeveralErrors
from mlflow_azure.settings import SETTINGS, Loaded, Setting, Settings, Source, load, naming

Options = Mapping[str, str | Sequence[str] | None]
Environ = Mapping[str, str]

SUBSCRIPTION = "6a7c3c0e-36b5-4c6f-9f0b-0c3f0a1b2c3d"


def loaded(directory: Path, options: Options | None = None, environ: Environ | None = None, text: str = "") -> Loaded:
    if text:
        (directory / "mlflow-azure.env").write_text(text, encoding="utf-8")
    return load(options or {}, environ or {}, file=None, directory=directory)


def problems(
    directory: Path, options: Options | None = None, environ: Environ | None = None, text: str = ""
) -> Sequence[MlflowAzureError]:
    with pytest.raises(SeveralErrors) as refused:
        loaded(directory, options, environ, text)
    assert refused.value.exit_code == 2
    return refused.value.problems


def test_without_any_source_the_defaults_are_those_of_the_bash_script(tmp_path: Path) -> None:
    suffix = naming.suffix(SUBSCRIPTION, "mlflow-rg")
    assert loaded(tmp_path).resolve(SUBSCRIPTION) == Settings(
        subscription_id=SUBSCRIPTION,
        rg_name="mlflow-rg",
        rg_location="westeurope",
        mlflow_version="1.5.0",
        acr_name=f"mlflow{suffix}",
        docker_image_name="mlflowimage",
        docker_image_tag="latest",
        docker_base_image=None,
        asp_name="mlflowappserviceplan",
        asp_sku="S1",
        asp_instances=1,
        autoscale=None,
        web_app_name=f"mlflow-{suffix}",
        mlflow_host="0.0.0.0",
        mlflow_port=5000,
        mlflow_workers=1,
        mlflow_filestore="/mlruns/mlruns",
        storage_account_name=f"mlflow{suffix}",
        storage_container_name="mlflow",
        storage_mount_point="/mlruns",
        storage_file_share_name="mlflow",
        storage_file_share_size=2,
        postgres_server_name=f"mlflow-{suffix}",
        postgres_version="16",
        postgres_sku="B1ms",
        postgres_storage_size=32,
        private_network=None,
        postgres_database_name="mlflow",
        mlflow_backend_uri=None,
        mlflow_backend_uri_secret=None,
        aad_issuer_url=None,
        sp_name="mlflowserviceprincipal",
        aad_client_secret=None,
        allow_user=(),
        allow_group=(),
        allow_ip=(),
    )


def test_an_option_wins_over_the_environment_which_wins_over_the_file(tmp_path: Path) -> None:
    names = ["RG_NAME", "ACR_NAME", "ASP_NAME"]
    values = loaded(
        tmp_path,
        options={"RG_NAME": "option1", "ACR_NAME": None},
        environ=dict.fromkeys(names[:2], "environment1"),
        text="".join(f"{name}=file1\n" for name in names),
    ).values
    assert [(values[name].text, values[name].source, values[name].place) for name in names] == [
        ("option1", Source.OPTION, "--rg-name"),
        ("environment1", Source.ENVIRONMENT, "environment"),
        ("file1", Source.FILE, "mlflow-azure.env, line 3"),
    ]
    assert values["ASP_SKU"].source is Source.DEFAULT


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_can_be_given_in_each_source(tmp_path: Path, name: str) -> None:
    texts = {
        "AAD_ISSUER_URL": "https://sts.windows.net/x/",
        "AAD_CLIENT_SECRET": "correct-horse",
        "MLFLOW_BACKEND_URI": "postgresql://someone:secret@db.example:5432/mlflow",
        "MLFLOW_BACKEND_URI_SECRET": "https://my-vault.vault.azure.net/secrets/mlflow-uri",
        "ALLOW_IP": "10.0.0.0/8",
        "AUTOSCALE": "off",
        "PRIVATE_NETWORK": "off",
        "ALLOW_USER": "ann@example.com",
        "ALLOW_GROUP": "Data Science,3f0c2f4e-65a1-4f0e-9b52-0d5b3e1d0001",
        "DOCKER_BASE_IMAGE": "registry.example.com:5000/python:3.11-slim-bookworm",
    }
    value = texts.get(name) or loaded(tmp_path).complete(SUBSCRIPTION)[name].text
    assert loaded(tmp_path, options={name: value}).given(name) == value
    assert loaded(tmp_path, environ={name: value}).given(name) == value
    assert loaded(tmp_path, text=f"{name}={value}").given(name) == value


def test_an_empty_value_counts_as_none(tmp_path: Path) -> None:
    result = loaded(tmp_path, options={"RG_NAME": ""}, environ={"RG_NAME": ""}, text="RG_NAME=\nASP_NAME\n")
    assert result.given("RG_NAME") is None
    assert result.given("ASP_NAME") is None
    assert result.resolve(SUBSCRIPTION).rg_name == "mlflow-rg"


def test_the_file_has_dotenv_syntax_and_nothing_in_it_is_expanded(tmp_path: Path) -> None:
    text = """\ufeff# a comment

    export RG_NAME='rg-one'  # another
    SP_NAME="MLflow ${HOME} $USER"\r
    ASP_SKU = P1v3"""
    settings = loaded(tmp_path, text=text, environ={"USER": "someone"}).resolve(SUBSCRIPTION)
    assert (settings.rg_name, settings.sp_name, settings.asp_sku) == (
        "rg-one",
        "MLflow ${HOME} $USER",
        "P1v3",
    )


def test_a_file_that_is_named_is_read_instead_of_the_default_one(tmp_path: Path) -> None:
    (tmp_path / "mlflow-azure.env").write_text("RG_NAME=wrong")
    other = tmp_path / "other.env"
    other.write_text("RG_NAME=right")
    result = load({}, {}, file=other, directory=tmp_path)
    assert result.given("RG_NAME") == "right"
    assert result.file == other
    assert result.values["RG_NAME"].place == f"{other}, line 1"


def test_texts_become_values_of_the_settings_type_in_azures_spelling(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        options={
            "SUBSCRIPTION_ID": SUBSCRIPTION.upper(),
            "RG_LOCATION": "North Europe",
            "ASP_SKU": "p1V3",
            "MLFLOW_PORT": "8080",
            "STORAGE_MOUNT_POINT": "/data/",
            "MLFLOW_FILESTORE": "//data//runs/",
            "ALLOW_IP": ["203.0.113.7", "10.0.0.0/8, 2001:db8::/32", "10.0.0.0/8"],
        },
    ).resolve(SUBSCRIPTION.upper())
    assert settings.subscription_id == SUBSCRIPTION
    assert settings.rg_location == "northeurope"
    assert settings.asp_sku == "P1v3"
    assert settings.mlflow_port == 8080
    assert (settings.storage_mount_point, settings.mlflow_filestore) == ("/data", "/data/runs")
    assert settings.allow_ip == ("203.0.113.7/32", "10.0.0.0/8", "2001:db8::/32")


def test_default_names_depend_on_the_subscription_and_the_resource_group(tmp_path: Path) -> None:
    here = loaded(tmp_path).resolve(SUBSCRIPTION)
    there = loaded(tmp_path, options={"RG_NAME": "other"}).resolve(SUBSCRIPTION)
    assert here.storage_account_name != there.storage_account_name
    assert "WEB_APP_NAME" not in loaded(tmp_path).values


def test_all_faults_are_reported_at_once_each_with_setting_source_and_rule(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        options={"ACR_NAME": "ml-flow"},
        environ={"MLFLOW_PORT": "70000"},
        text="RG_NAMES=a\nnot an assignment\nASP_SKU=Huge\n",
    )
    assert [problem.message for problem in found] == [
        "RG_NAMES (from mlflow-azure.env, line 1): there is no such setting",
        "mlflow-azure.env, line 2: not NAME=value",
        'ACR_NAME (from --acr-name): "ml-flow" must be 5 to 50 letters and digits',
        'ASP_SKU (from mlflow-azure.env, line 3): "Huge" must be a plan size such as B1, S1 or P1v3',
        'MLFLOW_PORT (from environment): "70000" must be a whole number from 1 to 65535',
    ]
    assert found[0].hint == "Did you mean RG_NAME?"
    assert "--acr-name" in found[2].hint


def test_a_line_that_cannot_be_read_is_not_repeated_as_it_may_hold_a_secret(tmp_path: Path) -> None:
    found = problems(tmp_path, text="my password is hunter2\nPASSWORD=hunter3\n")
    assert len(found) == 2
    assert not any("hunter" in problem.message + problem.hint for problem in found)


@pytest.mark.parametrize("store", ["/elsewhere", "/mlrunsx", "/"])
def test_the_file_store_must_lie_in_the_mounted_share(tmp_path: Path, store: str) -> None:
    (problem,) = problems(tmp_path, options={"MLFLOW_FILESTORE": store})
    assert "must be inside STORAGE_MOUNT_POINT (from default), such as /mlruns/mlruns" in problem.message


def test_a_moved_mount_point_is_told_which_file_store_goes_with_it(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, environ={"STORAGE_MOUNT_POINT": "/data/"})
    assert problem.message.startswith('MLFLOW_FILESTORE (from default): "/mlruns/mlruns" must be inside')
    assert "such as /data/mlruns" in problem.message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MLFLOW_FILESTORE", "/mlruns/../etc"),
        ("MLFLOW_FILESTORE", "mlruns"),
        ("MLFLOW_FILESTORE", "/ml runs"),
        ("STORAGE_MOUNT_POINT", "/"),
        ("STORAGE_MOUNT_POINT", "//"),
        ("STORAGE_MOUNT_POINT", "/home/"),
        ("STORAGE_MOUNT_POINT", "/tmp/mlruns"),
        ("STORAGE_MOUNT_POINT", "/usr"),
        ("STORAGE_MOUNT_POINT", "C:\\mlruns"),
        ("MLFLOW_HOST", "localhost"),
        ("MLFLOW_HOST", "0.0.0.256"),
        ("MLFLOW_HOST", "::"),
        ("MLFLOW_PORT", "0"),
        ("MLFLOW_PORT", "2222"),
        ("MLFLOW_PORT", "5000.0"),
        ("MLFLOW_PORT", "\u0665"),
        ("MLFLOW_WORKERS", "0"),
        ("MLFLOW_WORKERS", "two"),
        ("STORAGE_FILE_SHARE_SIZE", "0"),
        ("STORAGE_FILE_SHARE_SIZE", "102401"),
        ("ALLOW_IP", "10.0.0.1/8"),
        ("ALLOW_IP", "10.0.0.0/8,me"),
        ("AAD_ISSUER_URL", "http://sts.windows.net/x/"),
        ("AAD_ISSUER_URL", "https://user:pass@host/"),
        ("AAD_ISSUER_URL", "https://["),
        ("AAD_ISSUER_URL", "https://"),
        ("MLFLOW_VERSION", "2"),
        ("ASP_INSTANCES", "31"),
        ("POSTGRES_STORAGE_SIZE", "33"),
        ("MLFLOW_BACKEND_URI", "mysql://someone:secret@db.example/mlflow"),
        ("MLFLOW_BACKEND_URI", "postgresql://someone@db.example/mlflow"),
        ("MLFLOW_BACKEND_URI_SECRET", "https://my-vault.example.com/secrets/mlflow-uri"),
        ("MLFLOW_BACKEND_URI_SECRET", "mlflow-uri"),
        ("SP_NAME", " padded"),
        ("SP_NAME", "x" * 257),
    ],
)
def test_a_value_that_cannot_work_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (problem,) = problems(tmp_path, options={name: text})
    assert problem.message.startswith(f"{name} (from --")
    assert problem.hint


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="This system has no file without an end")
def test_a_settings_file_without_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeveralErrors, match="reading the settings file /dev/zero: File too large"):
        load({}, {}, file=Path("/dev/zero"), directory=tmp_path)


def test_a_settings_file_that_is_not_there_is_a_fault_only_when_it_was_named(tmp_path: Path) -> None:
    assert loaded(tmp_path).file is None
    with pytest.raises(SeveralErrors, match=r"reading the settings file missing\.env: No such file"):
        load({}, {}, file=Path("missing.env"), directory=tmp_path)


def test_a_settings_file_that_is_not_text_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "mlflow-azure.env").write_bytes(b"RG_NAME=\xff\xfe")
    assert "not UTF-8 text" in problems(tmp_path)[0].message


def test_a_subscription_that_azure_named_is_checked_when_the_settings_are_resolved(tmp_path: Path) -> None:
    with pytest.raises(SeveralErrors, match="SUBSCRIPTION_ID"):
        loaded(tmp_path).resolve("not a guid")


def test_a_secret_settings_value_appears_in_no_message() -> None:
    secret = Setting(name="CLIENT_SECRET", default=None, default_words="", meaning="", rule=naming.guid, secret=True)
    assert secret.quoted("hunter2") == "(secret)"
