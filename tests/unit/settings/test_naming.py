from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlflow_azure.settings import naming, rules

SUBSCRIPTION = "6a7c3c0e-36b5-4c6f-9f0b-0c3f0a1b2c3d"


def test_the_suffix_is_the_same_on_every_run() -> None:
    assert naming.suffix(SUBSCRIPTION, "mlflow-rg") == "5ehqf5jb"


def test_the_suffix_ignores_case_as_azure_does() -> None:
    assert naming.suffix(SUBSCRIPTION.upper(), "MLflow-RG") == naming.suffix(SUBSCRIPTION, "mlflow-rg")


@given(st.uuids(), st.uuids(), st.text(min_size=1))
def test_the_suffix_differs_between_subscriptions_and_fits_into_every_name(
    one: object, other: object, rg_name: str
) -> None:
    suffix = naming.suffix(str(one), rg_name)
    assert len(suffix) == naming.SUFFIX_LENGTH
    assert set(suffix) <= set(string.ascii_lowercase + string.digits)
    assert one == other or suffix != naming.suffix(str(other), rg_name)


KEPT = [
    (naming.guid, [SUBSCRIPTION, SUBSCRIPTION.upper()]),
    (naming.resource_group, ["r", "mlflow-rg", "a.b_c-(d)", "größe", "x" * 90]),
    (naming.storage_account, ["abc", "mlflow2", "x" * 24]),
    (naming.registry, ["mlflo", "MLflow2", "x" * 50]),
    (naming.plan, ["p", "-p-", "x" * 60]),
    (naming.site, ["ab", "a-b", "a--b", "x" * 60]),
    (naming.blob_container, ["abc", "a-b-c", "x" * 63]),
    (naming.file_share, ["abc", "a-b-c", "x" * 63]),
    (naming.postgres_server, ["abc", "mlflow-x1", "a--b", "x" * 63]),
    (naming.postgres_database, ["m", "mlflow", "_a", "ml-flow_2", "postgres2", "x" * 63]),
    (naming.postgres_sku, ["B1ms", "b2S", "Standard_B1ms", "D2ds_v5", "E96ads_v5", "D4s_v3"]),
    (naming.postgres_storage, ["32", "4095", "32767"]),
    (naming.image_repository, ["m", "team/mlflow-image", "a__b", "a.b_c---d", "x" * 255]),
    (
        naming.image_reference,
        ["python", "python:3.11", "a.example:5000/team/python:3.11-slim", f"localhost/a@sha256:{'0' * 64}"],
    ),
    (naming.image_tag, ["latest", "1.5.0", "_a", "A-b.C", "x" * 128]),
    (naming.location, ["westeurope", "West Europe", "eastus2", "East US 2"]),
    (naming.sku, ["F1", "B1", "s3", "P1v3", "P1V3", "P0v3", "P5mv3", "I1v2", "P1mv4"]),
]

BROKEN = [
    (
        naming.guid,
        ["", "mysubscription", SUBSCRIPTION[:-1], SUBSCRIPTION.replace("-", ""), SUBSCRIPTION + "\n"],
    ),
    (naming.resource_group, ["", "ends.", "a/b", "a b", "x" * 91, "rg\n"]),
    (naming.storage_account, ["", "ab", "Mlflow", "ml-flow", "x" * 25, "abc\n"]),
    (naming.registry, ["", "mlfl", "ml-flow", "x" * 51]),
    (naming.plan, ["", "a_b", "a.b", "x" * 61]),
    (naming.site, ["", "a", "-ab", "ab-", "a_b", "a.b", "x" * 61]),
    (naming.blob_container, ["", "ab", "a--b", "-ab", "ab-", "Abc", "a_b", "x" * 64]),
    (naming.file_share, ["", "ab", "a--b", "-ab", "ab-", "Abc", "a_b", "x" * 64]),
    (naming.postgres_server, ["", "ab", "Abc", "-ab", "ab-", "a_b", "x" * 64]),
    (naming.postgres_database, ["", "1a", "Mlflow", "a b", "postgres", "azure_sys", "x" * 64]),
    (naming.postgres_sku, ["", "B1", "B3ms", "S1", "D2ds", "D2ds_v", "GP_Gen5_2"]),
    (naming.postgres_storage, ["", "0", "33", "32.0", "032", "65536"]),
    (naming.image_repository, ["", "Mlflow", "a//b", "/a", "a/", "a..b", "a___b", "a:b", "x" * 256]),
    (naming.image_reference, ["", "Python", "python:", "a b", "https://a.example/python", "python@sha256:0"]),
    (naming.image_tag, ["", ".a", "-a", "a:b", "a/b", "x" * 129]),
    (naming.location, ["", "2west", "west-europe", "west  europe", " westeurope", "westeurope "]),
    (naming.sku, ["", "Premium", "P", "B9", "D2", "P1x3", "P1v", "E1", "mv3"]),
]


@pytest.mark.parametrize(("rule", "value"), [(rule, value) for rule, values in KEPT for value in values])
def test_a_name_that_azure_accepts_is_accepted(rule: naming.Rule, value: str) -> None:
    assert rule(value) is None


@pytest.mark.parametrize(("rule", "value"), [(rule, value) for rule, values in BROKEN for value in values])
def test_a_name_that_azure_refuses_is_refused_with_the_rule_in_words(rule: naming.Rule, value: str) -> None:
    words = rule(value)
    assert words
    assert words.startswith("must be ")


@pytest.mark.parametrize(
    ("text", "name"),
    [("West Europe", "westeurope"), ("East US 2", "eastus2"), ("westeurope", "westeurope")],
)
def test_a_region_may_be_given_by_its_display_name(text: str, name: str) -> None:
    assert naming.canonical_location(text) == name


@pytest.mark.parametrize(
    ("text", "sku"), [("s1", "S1"), ("P1V3", "P1v3"), ("p1V3", "P1v3"), ("P1MV3", "P1mv3"), ("i1V2", "I1v2")]
)
def test_a_plan_size_is_spelled_as_azure_spells_it(text: str, sku: str) -> None:
    assert naming.canonical_sku(text) == sku


@pytest.mark.parametrize(("text", "sku"), [("b1MS", "B1ms"), ("Standard_D2DS_V5", "D2ds_v5"), ("E4ds_v5", "E4ds_v5")])
def test_a_size_of_a_flexible_server_is_spelled_as_azure_spells_it(text: str, sku: str) -> None:
    assert naming.canonical_postgres_sku(text) == sku


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("10.0.0.0/8,203.0.113.7", None),
        ("10.0.0.0/33", "is not a valid CIDR network, such as 203.0.113.0/24"),
        ("10.0.0.1/8", "is not a valid CIDR network, such as 203.0.113.0/24; 10.0.0.0/8 would be"),
        ("::/0,ten", "is not a valid CIDR network, such as 203.0.113.0/24: ten"),
    ],
)
def test_a_network_that_is_none_is_answered_with_what_would_be_one(value: str, words: str | None) -> None:
    assert rules.networks(value) == words
