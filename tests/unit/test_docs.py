from __future__ import annotations

import re
import runpy
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer

from mlflow_azure import errors
from mlflow_azure.cli.lazy import LazyGroup
from mlflow_azure.cli.main import command_line
from mlflow_azure.settings import load
from tests.support.documented import calls, commands

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def pages() -> list[str]:
    """The Markdown files of the repository."""
    top = [page.name for page in ROOT.glob("*.md")]
    below = [
        page.relative_to(ROOT)
        for folder in ("docs", "docker", "examples", "tests")
        for page in (ROOT / folder).rglob("*.md")
    ]
    return [*top, *map(str, below)]


def anchors(page: Path) -> set[str]:
    """What a link can name in a page: its headings, as GitHub spells them."""
    headings = _HEADING.findall(re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """The links to files and headings that are not there; where else a link leads is not tried."""
    broken = []
    for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        path, _, anchor = unquote(link).partition("#")
        target = page.parent / path if path else page
        elsewhere = re.match(r"[a-z]+:", link)
        if not elsewhere and not (target.exists() and (not anchor or anchor in anchors(target))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", pages())
def test_every_link_within_the_repository_leads_somewhere(page: str) -> None:
    assert broken_links(ROOT / page) == []


def test_a_link_to_what_is_not_there_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A heading\n[a](page.md#a-heading) [b](#no) [c](gone.md) [d](https://example.com) `[e](code.md)`")
    assert broken_links(page) == ["#no", "gone.md"]


def test_the_index_names_every_page_of_the_documentation() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    written = [page.removeprefix("docs/") for page in pages() if page.startswith("docs/") and page != "docs/README.md"]
    assert [page for page in written if f"]({page})" not in index] == []


OUTPUT = (ROOT / "docs" / "output.md").read_text("utf-8")
CODES = ("raised", "HINTS", "ERROR_CODES")
PAGES: dict[str, str] = runpy.run_path(str(ROOT / "docs" / "build.py"))["pages"]()


@pytest.mark.parametrize("path", PAGES)
def test_what_is_made_from_the_code_is_current(path: str) -> None:
    assert (ROOT / "docs" / path).read_text(encoding="utf-8") == PAGES[path], "run: python docs/build.py"


def test_the_example_settings_are_accepted() -> None:
    loaded = load({}, {}, file=ROOT / "examples" / "mlflow-azure.env", directory=ROOT)
    settings = loaded.resolve(loaded.given("SUBSCRIPTION_ID") or "")
    assert settings.allow_ip == ("203.0.113.0/24", "198.51.100.7/32")


def test_every_error_code_of_the_source_is_explained_and_no_other() -> None:
    raised, of_azure, explained = (runpy.run_path(str(ROOT / "docs" / "error_codes.py"))[name] for name in CODES)
    assert set(raised()) - set(of_azure) == set(explained)


def _called() -> list[tuple[str, list[str]]]:
    return [(page, call) for page in pages() for command in commands(ROOT / page) for call in calls(command)]


@pytest.mark.parametrize(("page", "arguments"), _called())
def test_a_command_that_is_shown_is_one_that_can_be_parsed(page: str, arguments: list[str]) -> None:
    group = command_line()
    name, command, rest = group.resolve_command(typer.Context(group), arguments)
    while isinstance(command, LazyGroup):
        name, command, rest = command.resolve_command(typer.Context(command), rest)
    command.make_context(name, list(rest))


def test_the_site_has_every_page_in_its_menu() -> None:
    menu = (ROOT / "zensical.toml").read_text("utf-8")
    written = [page.removeprefix("docs/") for page in pages() if page.startswith("docs/")]
    assert [page for page in written if f'= "{page}"' not in menu] == []


def test_the_exit_codes_of_the_reference_are_those_of_the_errors() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+)(?:, \d+)? \|", OUTPUT, re.MULTILINE)}
    of_errors = {error.exit_code for error in vars(errors).values() if hasattr(error, "exit_code")}
    manual = runpy.run_path(str(ROOT / "docs" / "manual.py"))
    assert documented - {129} == {code for code, _ in manual["EXIT_CODES"]} == of_errors | {0}


@pytest.mark.parametrize(
    ("place", "link", "moved"),
    [
        ("how-to/rights.md", "../settings.md#commands", "../settings.md#commands"),
        ("how-to/rights.md", "../../SECURITY.md", "../SECURITY.md"),
        (
            "how-to/clients.md",
            "../../examples/log_run.py",
            "https://example.com/here/blob/main/examples/log_run.py",
        ),
        ("SECURITY.md", "docs/output.md", "output.md"),
        ("CONTRIBUTING.md", "docs/README.md#decisions", "README.md#decisions"),
        ("README.md", "https://example.com/a.md", "https://example.com/a.md"),
        ("image.md", "#in-a-companys-network", "#in-a-companys-network"),
    ],
)
def test_a_link_leads_in_the_site_to_where_it_leads_in_the_checkout(place: str, link: str, moved: str) -> None:
    relinked = runpy.run_path(str(ROOT / "docs" / "stage.py"))["relinked"]
    assert relinked(f"[words]({link})", place, "https://example.com/here") == f"[words]({moved})"


def test_the_site_links_to_no_repository_that_is_not_there() -> None:
    relinked = runpy.run_path(str(ROOT / "docs" / "stage.py"))["relinked"]
    page = "[`run`](../examples/log_run.py), [all](../examples), [how](how-to/clients.md#a-shell), ![it](mlflow-ui.png)"
    links = "`run`, all, [how](how-to/clients.md#a-shell), ![it](mlflow-ui.png)"
    assert relinked(page, "operate.md", None) == links
