from __future__ import annotations

import json
from typing import Annotated

import typer
from typer.testing import CliRunner

from mlflow_azure.cli.options import with_settings
from mlflow_azure.settings import SETTINGS, Options

app = typer.Typer()


@app.command()
@with_settings
def show(name: str, *, loud: Annotated[bool, typer.Option("--loud")] = False, options: Options) -> None:
    """Show what was chosen."""
    given = {name: value for name, value in options.items() if value}
    typer.echo(json.dumps({"name": name, "loud": loud, "asked": len(options), "given": given}))


def shown(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def test_a_command_gets_its_own_arguments_and_the_settings_as_one() -> None:
    assert shown("me", "--loud", "--rg-name", "rg-one") == {
        "name": "me",
        "loud": True,
        "asked": len(SETTINGS),
        "given": {"RG_NAME": "rg-one"},
    }


def test_an_option_that_takes_several_values_may_be_repeated() -> None:
    answer = shown("me", "--allow-ip", "10.0.0.0/8", "--allow-ip", "203.0.113.7")
    assert answer["given"] == {"ALLOW_IP": ["10.0.0.0/8", "203.0.113.7"]}


def test_the_environment_is_not_read_by_the_options() -> None:
    result = CliRunner().invoke(app, ["me"], env={"RG_NAME": "from-environment"})
    assert json.loads(result.stdout)["given"] == {}


def test_the_help_names_every_setting_with_its_default() -> None:
    help_text = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "300", "NO_COLOR": "1"}).stdout
    for setting in SETTINGS.values():
        assert setting.option in help_text
        assert f"{setting.meaning} ({setting.name}; default: {setting.default_words})." in help_text
