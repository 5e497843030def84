"""What the pages name is there: commands and their options, files, modules."""

from __future__ import annotations

import argparse
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninja_tui.cli.arguments import WORDS, app_parser, command_parsers, read_arguments
from ninja_tui.errors import UsageError
from tests.docs.pages import PAGES, ROOT, blocks, spans, text_of

OURS = re.compile(r"(?:^|\s)(?:\.venv/bin/)?ninja-tui(?=\s|$)(.*)")
OTHERS_OPTIONS = {
    *("--pip-args", "--constraints", "--torch-backend", "--backend", "--find-links"),  # pip, pipx, uv
    *("--against", "--moments", "--full", "--dist"),  # tests and benchmarks
    "--no-watch",  # `%ninja`
}
A_PATH = re.compile(r"[\w./-]+/[\w-]+\.(py|md|tcss)|tests/[\w/-]+|tools/\w+")
ROOMS = ("ninja_tui", "tests", "tools", "docs", "data")
NO_FILES = {"./solutions.py", "ninja_tui-0.1.0-py3-none-any.whl"}
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def command_lines(text: str) -> Iterator[str]:
    """Each call of ninja-tui in a block, and between backticks where something follows the command."""
    for code in blocks(text):
        lines = code.replace("\\\n", " ").splitlines()
        typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] or lines
        for line in typed:
            if re.match(r"(\.venv/bin/)?ninja-tui\b|docker run .*ninja-tui\b", line):
                yield re.sub(r"\s+# .*", "", line)
    yield from (span for span in spans(text) if re.match(r"ninja-tui \S+ \S|ninja-tui (?!check)\S+$", span))


def test_calls_are_found() -> None:
    assert len([line for page in PAGES for line in command_lines(page.read_text("utf-8"))]) > 40


@each_page
def test_what_is_to_be_typed_is_taken(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = []
    for line in command_lines(page.read_text(encoding="utf-8")):
        found = OURS.search(line)
        assert found is not None, line
        try:
            read_arguments(shlex.split(found[1].replace("…", "")))
        except (SystemExit, UsageError) as end:
            if not isinstance(end, SystemExit) or end.code:
                refused.append((line, f"{end}{capsys.readouterr().err}"))
    assert refused == []


@each_page
def test_options_that_are_named_exist(page: Path) -> None:
    parsers = [app_parser(), *command_parsers(argparse.ArgumentParser()).values()]
    known = {option for parser in parsers for action in parser._actions for option in action.option_strings}
    named = {option for span in spans(page.read_text("utf-8")) for option in re.findall(r"(?<!\S)--[a-z-]+", span)}
    assert named - known - OTHERS_OPTIONS == set()


def test_all_commands_are_named_in_a_page_besides_their_reference() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [word for word in WORDS if not re.search(rf"ninja-tui {word}\b", text)] == []


@each_page
def test_files_and_modules_that_are_named_exist(page: Path) -> None:
    """A path may begin in any folder: ``judge/trials.py`` is one of the engine."""
    there = {f"/{path.relative_to(ROOT).as_posix()}" for room in ROOMS for path in (ROOT / room).rglob("*")}
    text = page.read_text(encoding="utf-8")
    named = {
        span for span in spans(text) if re.fullmatch(r"[\w./-]+/[\w-]+\.(py|md|tcss)|tests/[\w/-]+|tools/\w+", span)
    }
    missing = {name for name in named - NO_FILES if not any(path.endswith(f"/{name.rstrip('/')}") for path in there)}
    for module in re.findall(r"python -m ((?:tests|tools)[\w.]*\w)", text):
        place = f"/{module.replace('.', '/')}"
        missing |= set() if {f"{place}.py", f"{place}/__main__.py"} & there else {module}
    assert missing == set()


A_MODULE = re.compile(r"python (?:-m )?(tests[./][\w./]*\w)")
NAMED_MODULES = sorted({
    name.removesuffix(".py").replace("/", ".")
    for page in (*PAGES, ROOT / "Makefile")
    for name in A_MODULE.findall(page.read_text(encoding="utf-8"))
})  # fmt: skip


@pytest.mark.parametrize("module", NAMED_MODULES)
def test_modules_that_are_named_say_what_they_take(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [module, "--help"])
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(SystemExit) as end:
        runpy.run_module(module, run_name="__main__")
    assert not end.value.code
    assert capsys.readouterr().out.startswith("usage: ")


@pytest.mark.parametrize("module", ["tests.attacks", "tests.engine.scripts", "tests.app.picture"])
def test_a_part_of_a_corpus_that_is_not_there_is_refused(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [module, "no-such-part"])
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(SystemExit) as end:
        runpy.run_module(module, run_name="__main__")
    assert end.value.code == 2
    assert "is called no-such-part" in capsys.readouterr().err


def test_all_environment_variables_are_told() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ninja_tui").rglob("*.py"))
    read = set(re.findall(r"\"(NINJA_TUI_[A-Z]+)\"", code))
    told = {span for span in spans(text_of("command-line")) if re.fullmatch(r"NINJA_TUI_\w+", span)}
    assert read == told
