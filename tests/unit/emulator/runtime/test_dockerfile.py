from mlflow_azure.emulator.runtime.process.dockerfile import read_dockerfile

DOCKERFILE = """
# syntax=docker/dockerfile:1
ARG BASE_IMAGE=python:3.11
FROM ${BASE_IMAGE} AS packages
ENV ONLY_HERE=1

FROM --platform=linux/amd64 ${BASE_IMAGE} as base
ENV SHARED="two words" PORT=5000
FROM base
ARG BASE_IMAGE
ARG REVISION=none
LABEL title="MLflow server" \\
    # a comment between the lines
    base="${BASE_IMAGE}" \\
    revision=$REVISION \\
    fallback=${MISSING:-there}
ENV ADDRESS=host:$PORT
RUN echo LABEL not=this
"""


def test_the_last_stage_says_the_configuration() -> None:
    image = read_dockerfile(DOCKERFILE, {})
    assert image.env == {"SHARED": "two words", "PORT": "5000", "ADDRESS": "host:5000"}
    assert image.labels == {
        "title": "MLflow server",
        "base": "python:3.11",
        "revision": "none",
        "fallback": "there",
    }


def test_build_arguments_go_before_defaults() -> None:
    image = read_dockerfile(DOCKERFILE, {"REVISION": "abc", "BASE_IMAGE": "other:1"})
    assert (image.labels["revision"], image.labels["base"]) == ("abc", "other:1")
