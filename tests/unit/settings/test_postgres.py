"""The settings of MLflow 3: defaults of its own, and what has to fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlflow_azure.errors import SeveralErrors
from mlflow_azure.settings import Settings, load
from mlflow_azure.settings.fitting import database_connections, postgres_family, postgres_tier

SUBSCRIPTION = "6a7c3c0e-36b5-4c6f-9f0b-0c3f0a1b2c3d"


def resolved(**options: str) -> Settings:
    return load(options, {}, file=None, directory=Path("/nonexistent")).resolve(SUBSCRIPTION)


def fault(**options: str) -> str:
    with pytest.raises(SeveralErrors) as refused:
        resolved(**options)
    (problem,) = refused.value.problems
    return problem.message


def test_the_size_of_the_plan_depends_on_the_version_unless_it_is_given() -> None:
    assert resolved().asp_sku == "S1"
    assert resolved(MLFLOW_VERSION="3").asp_sku == "P0v3"
    assert resolved(MLFLOW_VERSION="3", ASP_SKU="b1").asp_sku == "B1"


@pytest.mark.parametrize(
    ("options", "workers"),
    [
        ({}, 1),
        ({"ASP_SKU": "B1"}, 1),
        ({"ASP_SKU": "S2"}, 2),
        ({"ASP_SKU": "P1v2"}, 1),
        ({"ASP_SKU": "P1v3"}, 2),
        ({"ASP_SKU": "P3v3"}, 4),  # of eight cores: B1ms has connections for no more
        ({"ASP_SKU": "P3v3", "POSTGRES_SKU": "D2ds_v5"}, 8),
        ({"ASP_SKU": "P1v3", "AUTOSCALE": "1-4"}, 1),
        ({"ASP_SKU": "P1v3", "MLFLOW_WORKERS": "1"}, 1),
    ],
)
def test_there_are_as_many_workers_as_cores_if_the_database_has_connections_for_them(
    options: dict[str, str], workers: int
) -> None:
    assert resolved(MLFLOW_VERSION="3", **options).mlflow_workers == workers
    assert resolved(ASP_SKU="P1v3").mlflow_workers == 1


def test_the_size_that_follows_from_the_version_is_shown_as_a_default() -> None:
    value = load({"MLFLOW_VERSION": "3"}, {}, file=None, directory=Path("/nonexistent")).values["ASP_SKU"]
    assert (value.text, value.place) == ("P0v3", "default")


def test_a_version_that_does_not_exist_is_the_only_fault() -> None:
    assert fault(MLFLOW_VERSION="4") == 'MLFLOW_VERSION (from --mlflow-version): "4" must be 1.5.0 or 3'


@pytest.mark.parametrize(
    ("options", "name", "words"),
    [
        ({"ASP_SKU": "F1"}, "ASP_SKU", "must be B1 or larger"),
        ({"ASP_SKU": "B2", "ASP_INSTANCES": "4"}, "ASP_INSTANCES", "must be at most 3 on a plan of size B2"),
        (
            {"ASP_SKU": "S1", "ASP_INSTANCES": "11", "POSTGRES_SKU": "B2s"},
            "ASP_INSTANCES",
            "must be at most 10 on a plan of size S1",
        ),
        (
            {"ASP_SKU": "B1", "MLFLOW_WORKERS": "8", "POSTGRES_SKU": "B2s"},
            "MLFLOW_WORKERS",
            "it has 1.75 GB, but they need about 2.2 GB",
        ),
        ({"ASP_INSTANCES": "5"}, "POSTGRES_SKU", "need 40 connections while they are replaced, but B1ms has 35"),
        ({"WEB_APP_NAME": "x" * 55}, "WEB_APP_NAME", "must have at most 54 characters"),
    ],
)
def test_what_does_not_fit_on_postgres_is_refused(options: dict[str, str], name: str, words: str) -> None:
    told = fault(MLFLOW_VERSION="3", **options)
    assert told.startswith(f"{name} (from ")
    assert words in told


def test_what_only_postgres_needs_does_not_concern_1_5_0() -> None:
    assert resolved(ASP_SKU="F1", MLFLOW_WORKERS="8", WEB_APP_NAME="x" * 55).mlflow_version == "1.5.0"


@pytest.mark.parametrize(
    ("options", "name", "words"),
    [
        ({"AUTOSCALE": "0-5"}, "AUTOSCALE", "must be MIN-MAX, such as 1-5, from 1 to 30, or off"),
        ({"AUTOSCALE": "3-2"}, "AUTOSCALE", "must be MIN-MAX"),
        ({"AUTOSCALE": "1-31"}, "AUTOSCALE", "must be MIN-MAX"),
        ({"AUTOSCALE": "2"}, "AUTOSCALE", "must be MIN-MAX"),
        ({"AUTOSCALE": "1-3", "ASP_SKU": "B2"}, "AUTOSCALE", "must be off on a plan of size B2"),
        ({"AUTOSCALE": "1-11", "ASP_SKU": "S1", "POSTGRES_SKU": "B2s"}, "AUTOSCALE", "must be at most 10"),
        (
            {"AUTOSCALE": "1-3", "ASP_INSTANCES": "2"},
            "AUTOSCALE",
            "cannot be combined with ASP_INSTANCES (from --",
        ),
        ({"AUTOSCALE": "1-5"}, "POSTGRES_SKU", "5 instances of 1 workers need 40 connections"),
        ({"AUTOSCALE": "1-3", "MLFLOW_VERSION": "1.5.0"}, "AUTOSCALE", "must be left out for MLflow 1.5.0"),
        ({"ASP_INSTANCES": "2", "MLFLOW_VERSION": "1.5.0"}, "ASP_INSTANCES", "must be 1 for MLflow 1.5.0"),
        ({"PRIVATE_NETWORK": "yes"}, "PRIVATE_NETWORK", "must be on or off"),
        ({"PRIVATE_NETWORK": "on", "MLFLOW_VERSION": "1.5.0"}, "PRIVATE_NETWORK", "must be left out for MLflow 1.5.0"),
        (
            {"PRIVATE_NETWORK": "on", "MLFLOW_BACKEND_URI": "postgresql://a:secret@db.example:5432/mlflow"},
            "PRIVATE_NETWORK",
            "must be off with an existing database",
        ),
    ],
)
def test_scaling_and_network_that_do_not_fit_are_refused(options: dict[str, str], name: str, words: str) -> None:
    told = fault(**{"MLFLOW_VERSION": "3"} | options)
    assert told.startswith(f"{name} (from ")
    assert words in told


def test_limits_of_scaling_are_two_numbers_none_where_it_is_off_and_unknown_where_nothing_is_said() -> None:
    assert resolved(MLFLOW_VERSION="3", AUTOSCALE="2-4").autoscale == (2, 4)
    assert resolved(AUTOSCALE="off").autoscale == ()
    assert resolved(MLFLOW_VERSION="3").autoscale is None


def test_the_password_in_a_uri_that_cannot_work_is_not_repeated() -> None:
    assert "hunter2" not in fault(MLFLOW_BACKEND_URI="mysql://someone:hunter2@db.example/mlflow")


@pytest.mark.parametrize(
    ("sku", "tier", "family"),
    [
        ("B1ms", "Burstable", "standardBSFamily"),
        ("D2ds_v5", "GeneralPurpose", "standardDDSv5Family"),
        ("E4ads_v5", "MemoryOptimized", "standardEADSv5Family"),
    ],
)
def test_the_tier_and_the_family_of_a_size_are_those_that_azure_names(sku: str, tier: str, family: str) -> None:
    assert (postgres_tier(sku), postgres_family(sku)) == (tier, family)


def test_instances_share_the_connections_of_the_server_and_leave_room_for_their_successors() -> None:
    assert [database_connections("B1ms", instances) for instances in (1, 4)] == [17, 4]
    assert database_connections("D2ds_v5", 2) == 211


def test_a_database_is_given_by_its_uri_or_by_a_secret_and_not_by_both() -> None:
    uri, secret = "postgresql://someone:hunter2@db.example/mlflow", "https://my-vault.vault.azure.net/secrets/uri"
    told = fault(MLFLOW_VERSION="3", MLFLOW_BACKEND_URI=uri, MLFLOW_BACKEND_URI_SECRET=secret)
    assert "cannot be combined with MLFLOW_BACKEND_URI" in told
    assert resolved(MLFLOW_VERSION="3", ASP_INSTANCES="5", MLFLOW_BACKEND_URI_SECRET=secret).asp_instances == 5


def test_a_database_that_is_given_has_as_many_connections_as_its_owner_says() -> None:
    uri = "postgresql://someone:secret@db.example:5432/mlflow"
    assert resolved(MLFLOW_VERSION="3", ASP_INSTANCES="5", MLFLOW_BACKEND_URI=uri).asp_instances == 5
