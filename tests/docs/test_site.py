"""The site as it is built: strictly, nothing is missing in it that the code knows, and nothing comes from elsewhere."""

from __future__ import annotations

import argparse
import html
import logging
import re
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from docs.generate import PARTS
from ninja_tui.cli.arguments import command_parsers
from ninja_tui.cli.exit_codes import Exit
from ninja_tui.engine.protocol.verdict import Kind, Warning
from ninja_tui.lesson.read import lesson_names
from ninja_tui.report.kinds import MISTAKES
from ninja_tui.tui.commands import key_table
from ninja_tui.tui.config_file import new_file

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r'(?:src|href)="([^"]+)"')
LINKS = ("https://squidfunk.github.io/mkdocs-material/",)
"""Where the theme and our pages link to, which fetches nothing."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder))
    assert config.strict
    logging.getLogger("mkdocs").addHandler(logging.NullHandler())
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    return folder


def text_of(page: Path) -> str:
    """The article of a page, without its markup."""
    article = page.read_text("utf-8").partition("<article")[2].partition("</article>")[0]
    return html.unescape(re.sub(r"<[^>]+>", "", article))


def test_all_keys_are_there_with_what_they_do(site: Path) -> None:
    rows = {
        tuple(html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td>(.*?)</td>", row))
        for row in re.findall(r"<tr>(.*?)</tr>", (site / "keys.html").read_text("utf-8"), re.DOTALL)
    }
    for walk, everywhere, title in key_table():
        what = re.sub(r"^In the prompt: |^At a question: |^In training: |^In a pane: ", "", title)
        what = f"{what[0].upper()}{what[1:]}"
        found = [row for row in rows if what in row]
        assert found, title
        assert any({key for key in (walk, everywhere) if key} <= set(row) for row in found), title


def test_all_kinds_and_warnings_are_there(site: Path) -> None:
    kinds, verdicts = text_of(site / "kinds.html"), text_of(site / "verdicts.html")
    page = (site / "kinds.html").read_text("utf-8")
    for kind in Kind:
        assert f'id="{kind}"' in page
        for code in (MISTAKES[kind].example.wrong, MISTAKES[kind].example.right):
            for line in code.splitlines():
                assert line in kinds
        assert MISTAKES[kind].example.message.replace("`", "") in kinds
    for warning in Warning:
        assert warning in verdicts


def test_all_commands_options_and_exit_codes_are_there(site: Path) -> None:
    text = text_of(site / "command-line.html")
    for name, parser in command_parsers(argparse.ArgumentParser()).items():
        assert f"ninja-tui {name}" in text
        for option in (option for action in parser._actions for option in action.option_strings):
            assert option in ("-h", "--help") or option in text, option
    for code in Exit:
        assert re.search(rf"^{code:d}$", text, re.MULTILINE)


def test_the_settings_file_and_all_lessons_are_there(site: Path) -> None:
    settings = text_of(site / "settings.html")
    assert [line for line in new_file().splitlines() if line not in settings] == []
    lessons = text_of(site / "lessons.html")
    assert [name for name in lesson_names() if name not in lessons] == []


def test_no_part_is_left_out(site: Path) -> None:
    sources = "".join(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert [name for name in PARTS if f"<!-- generated: {name} -->" not in sources] == []
    assert [page for page in site.glob("*.html") if "<!-- generated" in page.read_text("utf-8")] == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text("utf-8")
        scripts = re.findall(r'<(?:script|img|iframe)[^>]*src="([^"]+)"', text)
        styles = re.findall(r'<link[^>]*rel="(?:stylesheet|preconnect|icon)"[^>]*href="([^"]+)"', text)
        assert [place for place in (*scripts, *styles) if "//" in place] == [], page.name
    for picture in (site / "pictures").glob("*.svg"):
        assert "url(http" not in picture.read_text("utf-8").replace('url("http', "url(http"), picture.name
