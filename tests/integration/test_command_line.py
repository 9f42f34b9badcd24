"""What the command line says of a line that it cannot parse, what its help lists, and what a shell completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlflow_azure.cli.target import program

if TYPE_CHECKING:
    from tests.support.command import Command


def typed(line: str) -> str:
    """The line as a shell finds the program that is tested."""
    return line.replace("mlflow-azure", program(), 1)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("deploy --rg-name", "--rg-name needs a value", "mlflow-azure deploy --help"),
        ("auth enable --client-id", "--client-id needs a value", "mlflow-azure auth enable --help"),
        ("deploy --adopt=1", "--adopt takes no value", "mlflow-azure deploy --help"),
        (
            "deploy --rg-nme x",
            "there is no option --rg-nme. Did you mean --rg-name?",
            "mlflow-azure deploy --help",
        ),
        (
            "deploy --web-app x",
            "there is no option --web-app. Did you mean --web-app-name?",
            "mlflow-azure deploy --help",
        ),
        ("env --shll zsh", "there is no option --shll. Did you mean --shell?", "mlflow-azure env --help"),
        ("deploy --shell zsh", "there is no option --shell", "mlflow-azure deploy --help"),
        ("deploy --timeout soon", "--timeout must be a number of at least 1", "mlflow-azure deploy --help"),
        ("logs --tail -1", "--tail must be a whole number of at least 0", "mlflow-azure logs --help"),
        ("upgrade --to 2", "--to must be 3", "mlflow-azure upgrade --help"),
        (
            "backup",
            "DIRECTORY is missing: Where to put it: a new or empty directory, or an unfinished backup to continue.",
            "mlflow-azure backup --help",
        ),
        ("plan -o xml", "--output / -o must be one of text, json", "mlflow-azure plan --help"),
        ("deploy now", "deploy does not take: now", "mlflow-azure deploy --help"),
        (
            "settings import",
            "FILE is missing: The deploy.sh to read. It is not run.",
            "mlflow-azure settings import --help",
        ),
        ("dploy", "there is no command dploy. Did you mean deploy?", "mlflow-azure --help"),
        ("auth enble", "there is no command enble. Did you mean enable?", "mlflow-azure auth --help"),
        (
            "-o json settings show",
            "-o comes before the command: put options after it",
            "mlflow-azure settings show -o json",
        ),
    ],
)
def test_a_line_that_cannot_be_parsed_is_answered_in_plain_words_and_with_the_help_of_its_command(
    cli: Command, line: str, message: str, hint: str
) -> None:
    answer = cli(*line.split())
    assert answer.exit_code == 2
    assert answer.stderr == f"Error: {message}\nNext: {typed(hint)}\n"


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("deploy --dry-run --timeline deploy.svg", "--dry-run", "--timeline"),
        ("deploy --open --dry-run", "--dry-run", "--open"),
        ("destroy --yes --keep-data --delete-database", "--keep-data", "--delete-database"),
        ("logs --download logs.zip --tail 0 --since 1h -f", "--download", "--follow, --tail, --since"),
        ("upgrade --rollback --backup kept", "--rollback", "--backup"),
        ("upgrade --finish --keep-artifact-uris", "--finish", "--keep-artifact-uris"),
        ("upgrade --to 3 --backup kept --no-backup", "--backup", "--no-backup"),
        ("backup kept --verify --stop-server", "--verify", "--stop-server"),
        ("restore kept --local here --stop-server", "--local", "--stop-server"),
    ],
)
def test_an_option_that_would_be_passed_over_beside_another_one_is_refused(
    cli: Command, line: str, first: str, second: str
) -> None:
    refused = cli(*line.split(), "--output", "json")
    assert (refused.exit_code, refused.errors[0]["code"]) == (2, "Usage")
    assert refused.errors[0]["message"] == f"{first} cannot be combined with {second}"


def test_an_option_before_the_command_is_answered_as_that_command(cli: Command) -> None:
    answer = cli("-o", "json", "deploy")
    assert answer.answer["command"] == "deploy"
    assert answer.errors[0]["hint"] == typed("mlflow-azure deploy -o json")
    hint = cli("--cloud", "emulator", "--verbose", "deploy", "-o", "json").errors[0]["hint"]
    assert hint == typed("mlflow-azure deploy --cloud emulator --verbose -o json")


@pytest.mark.parametrize("group", ["auth", "cd", "settings", "emulator"])
def test_a_group_alone_shows_its_help(cli: Command, group: str) -> None:
    answer = cli(group)
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert answer.stdout == cli(group, "--help").stdout


def test_the_help_lists_commands_by_what_they_are_for_and_every_one_of_them(cli: Command) -> None:
    shown = cli("--help").stdout
    for section in ("Deploy:", "Use the server:", "Operate:", "Settings:", "On this machine:"):
        assert f"\n{section}\n" in shown
    assert "\nCommands:\n" not in shown, "a new command has no section yet: cli/names.py"


@pytest.mark.parametrize("columns", ["60", "80", "100"])
def test_the_help_breaks_no_line_after_a_hyphen(cli: Command, columns: str) -> None:
    shown = cli("deploy", "--help", COLUMNS=columns).stdout
    assert [line for line in shown.splitlines() if line.endswith("-")] == []


def test_the_help_of_a_command_ends_with_examples_that_can_be_copied(cli: Command) -> None:
    shown = cli("deploy", "--help", COLUMNS="60").stdout
    assert "Examples:\n  mlflow-azure deploy --cloud emulator\n" in shown
    assert "  mlflow-azure deploy --rg-name team-mlflow --allow-ip 203.0.113.0/24\n" in shown


@pytest.mark.parametrize("line", ["deploy", "emulator start", "logs", "ssh", "local-run", "restore", "upgrade"])
def test_the_help_speaks_of_no_type_of_a_programming_language(cli: Command, line: str) -> None:
    shown = cli(*line.split(), "--help").stdout
    assert not [
        word for word in ("<str>", "<bool>", "<path>", "<int", "<float", "list[", "[x>=", "<=x") if word in shown
    ]


def test_the_help_leaves_out_options_that_mean_nothing_and_the_command_takes_them_all_the_same(cli: Command) -> None:
    shown = cli("emulator", "status", "--help").stdout
    assert not [option for option in ("--cloud", "--settings", "--yes") if option in shown]
    assert cli("emulator", "status", "--cloud", "emulator", "--yes").exit_code == 0
    assert "--mlflow-workers" in cli("deploy", "--help").stdout
    assert "--mlflow-workers" not in cli("logs", "--help").stdout
    for asking in ("destroy", "restore", "upgrade"):
        assert "--yes" in cli(asking, "--help").stdout
    assert "--allow-ip" in cli("upgrade", "--help").stdout
    shown = cli("ssh", "--help").stdout
    assert not [option for option in ("--postgres-version", "--aad-issuer-url") if option in shown]
    assert "--aad-issuer-url" in cli("auth", "enable", "--help").stdout


@pytest.mark.parametrize("line", ["", "deploy", "local-run", "status"])
def test_the_help_breaks_no_word_in_a_narrow_terminal(cli: Command, line: str) -> None:
    narrow, wide = (cli(*line.split(), "--help", COLUMNS=columns).stdout.split() for columns in ("60", "200"))
    assert narrow == wide


def completions(cli: Command, *words: str) -> list[str]:
    """What bash is offered for the last word of a line, which it hands on a word a line."""
    split = list(words) if len(words) > 1 else words[0].split(" ")
    variables = {
        "COMP_WORDS": "\n".join(split),
        "COMP_CWORD": str(len(split) - 1),
        "_MLFLOW_AZURE_COMPLETE": "complete_bash",
    }
    return cli(**variables).stdout.splitlines()


def test_a_shell_completes_regions_sizes_and_what_the_settings_files_here_name(cli: Command) -> None:
    (cli.directory / "team.env").write_text("RG_NAME=rg-team\n", encoding="utf-8")
    (cli.directory / "test.env").write_text("# not yet\nRG_NAME=rg-test\nnot an assignment\n", encoding="utf-8")
    assert completions(cli, "mlflow-azure deploy --rg-location west") == [
        *("westcentralus", "westeurope", "westindia", "westus", "westus2", "westus3")
    ]
    assert completions(cli, "mlflow-azure deploy --asp-sku P0") == ["P0v3", "P0v4"]
    assert completions(cli, "mlflow-azure status --settings te") == ["team.env", "test.env"]
    assert completions(cli, "mlflow-azure status --settings ./te") == ["./team.env", "./test.env"]
    (cli.directory / "envs" / "of a team").mkdir(parents=True)
    assert completions(cli, "mlflow-azure status --settings envs/") == [r"envs/of\ a\ team/"]
    assert completions(cli, "mlflow-azure status --settings ~nobody/") == [""]
    assert completions(cli, "mlflow-azure status --rg-name ") == ["rg-team", "rg-test"]


def test_bash_completes_a_folder_with_a_space_as_one_word_and_goes_on_in_it(cli: Command) -> None:
    folder = cli.directory / "of a team"
    folder.mkdir()
    (folder / "new (1).env").write_text("RG_NAME=rg\n", encoding="utf-8")
    escaped = [r"of\ a\ team/", r"of\ a\ team/new\ \(1\).env"]
    assert completions(cli, "mlflow-azure", "status", "--settings", "of") == escaped
    assert completions(cli, "mlflow-azure", "status", "--settings", r"of\ a\ team/n") == escaped[1:]
    quoted = ["of a team/", "of a team/new (1).env"]
    assert completions(cli, "mlflow-azure", "status", "--settings", '"of a') == quoted
