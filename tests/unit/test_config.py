"""The config file: what is read from it, what is said of it, and what is written into it."""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from ninja_tui.engine.protocol.verdict import Upstream
from ninja_tui.tui.commands import COMMANDS, TRAINING
from ninja_tui.tui.config import DEFAULTS, Known, Settings, config_path, read_settings
from ninja_tui.tui.config_file import Config, new_file, rewritten

KNOWN = Known(("nord", "high-contrast"), ("node", "card"))
EVERYTHING = """\
theme = "nord"
upstream = "reference"
pane = "card"
questions = false
other_sizes = true
[sizes]
left = 60
[keys]
on = "f8,ctrl+n"
"""


def problems(text: str, tmp_path: Path) -> tuple[str, ...]:
    """What is said of a file with that text."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, KNOWN).problems


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "of" / "somebody" / "config.toml"


def kept(path: Path, settings: Settings) -> list[str]:
    """Opens the file, keeps the settings, and closes it; returns what was told meanwhile."""
    told: list[str] = []
    config = Config.opened(path, KNOWN)
    config.tell = told.append
    config.keep(settings)
    config.close()
    return told


def test_the_environment_names_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINJA_TUI_CONFIG", "/somewhere/else.toml")
    assert config_path() == Path("/somewhere/else.toml")
    monkeypatch.setenv("NINJA_TUI_CONFIG", "")
    assert config_path().parts[-2:] == ("ninja-tui", "config.toml")


def test_every_setting_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(EVERYTHING, encoding="utf-8")
    reading = read_settings(path, KNOWN)
    assert reading.problems == ()
    assert reading.settings == Settings(
        "nord",
        Upstream.REFERENCE,
        "card",
        questions=False,
        other_sizes=True,
        sizes={"left": 60},
        keys={"on": "f8,ctrl+n"},
    )


def test_without_a_file_the_defaults_hold_and_nothing_is_said(path: Path) -> None:
    reading = read_settings(path, KNOWN)
    assert (reading.settings, reading.problems) == (DEFAULTS, ())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('theem = "nord"', "there is no setting 'theem'; did you mean 'theme'?"),
        ('theme = "nrod"', "theme: there is no 'nrod'; did you mean 'nord'?"),
        ("theme = 3", "theme: there is no 3; it is one of nord, high-contrast"),
        ('upstream = "mine"', "upstream: there is no 'mine'; it is one of passing, yours, reference"),
        ('questions = "no"', "questions: 'no' is neither true nor false"),
        ("[sizes]\nleft = 0", "sizes: left = 0 is not a whole number between 1 and 999"),
        ("sizes = 3", "sizes: 3 is no table"),
        ("[keys]\non = 3", "keys: on = 3 is no text, such as 'f8,ctrl+n'"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence_and_costs_nothing_else(
    text: str, sentence: str, tmp_path: Path
) -> None:
    assert problems(f'pane = "card"\n{text}', tmp_path) == (sentence,)
    assert read_settings(tmp_path / "config.toml", KNOWN).settings == replace(DEFAULTS, pane="card")


@pytest.mark.parametrize(("content", "reason"), [(b"theme = nord", "is not TOML"), (b'theme = "\xff"', "is not UTF-8")])
def test_a_broken_file_is_told_in_one_sentence_and_never_overwritten(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    config = Config.opened(path, KNOWN)
    (sentence,) = config.problems
    assert sentence.startswith(f"the file {reason}")
    assert sentence.endswith("the defaults hold, and nothing is kept until it is mended")
    config.keep(replace(config.settings, theme="nord"))
    config.close()
    assert config.settings.theme == "nord"
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    assert "is a directory, not a file" in read_settings(tmp_path, KNOWN).problems[0]


def test_a_new_file_has_every_setting_and_every_command_with_comments(path: Path) -> None:
    assert kept(path, replace(DEFAULTS, theme="nord")) == []
    text = path.read_text(encoding="utf-8")
    assert text == new_file().replace('theme = ""', 'theme = "nord"')
    assert read_settings(path, KNOWN).settings == replace(DEFAULTS, theme="nord")
    for command in (*COMMANDS, *TRAINING):
        assert f"# {command.id} = " in text
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.split("\n"))
    assert tomllib.loads(uncommented)["keys"]["on"] == "n,f8"


def test_all_that_is_not_changed_stays_as_it_was() -> None:
    before = '# mine\nnew_in_2030 = 1\ntheme = "nord"  # dark\n\n[keys]\non = "x" # on\n[other]\nhow = "so"\n'
    after = rewritten(before, {"theme": "high-contrast", "pane": "card"})
    assert after == before.replace('"nord"', '"high-contrast"').replace("\n\n[keys]", '\npane = "card"\n\n[keys]')
    after = rewritten(before, {"keys": {"on": "x", "back": "z"}})
    assert tomllib.loads(after)["keys"] == {"on": "x", "back": "z"}
    assert "# on" in after


def test_only_what_changed_is_written_so_that_two_sessions_do_not_undo_each_other(path: Path) -> None:
    first, second = Config.opened(path, KNOWN), Config.opened(path, KNOWN)
    first.keep(replace(first.settings, theme="nord"))
    first.close()
    second.keep(replace(second.settings, pane="card"))
    second.close()
    assert read_settings(path, KNOWN).settings == replace(DEFAULTS, theme="nord", pane="card")


def test_a_wrong_value_stays_in_the_file_until_another_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('theme = "nrod"\n', encoding="utf-8")
    kept(path, replace(DEFAULTS, pane="card"))
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {"theme": "nrod", "pane": "card"}


def test_a_file_that_cannot_be_written_is_told_once_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    path = tmp_path / "file" / "config.toml"
    config = Config.opened(path, KNOWN)
    told: list[str] = []
    config = Config(path)
    config.tell = told.append
    for theme in ("nord", "high-contrast"):
        config.keep(replace(config.settings, theme=theme))
        config._write()
    config.close()
    assert told == [f"Settings are not kept: {path} cannot be written (Not a directory)."]


def test_a_file_that_breaks_meanwhile_is_left_as_it_is(path: Path) -> None:
    config = Config.opened(path, KNOWN)
    told: list[str] = []
    config.tell = told.append
    path.parent.mkdir(parents=True)
    path.write_text("theme = ", encoding="utf-8")
    config.keep(replace(config.settings, theme="nord"))
    config.close()
    assert path.read_text(encoding="utf-8") == "theme = "
    assert len(told) == 1
    assert "can no longer be read" in told[0]


def test_a_write_leaves_no_other_file_and_keeps_mode_and_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "config.toml"
    real.parent.mkdir()
    real.write_text('theme = "nord"\n', encoding="utf-8")
    real.chmod(0o600)
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    kept(link, replace(DEFAULTS, theme="high-contrast"))
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == 'theme = "high-contrast"\n'
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert [each.name for each in real.parent.iterdir()] == ["config.toml"]


def test_a_write_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(path, replace(DEFAULTS, theme="nord"))
    before = path.read_text(encoding="utf-8")

    def full(source: str, target: str, **folders: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert kept(path, replace(DEFAULTS, theme="high-contrast")) == [
        f"Settings are not kept: {path} cannot be written (No space left on device)."
    ]
    assert path.read_text(encoding="utf-8") == before
    assert [each.name for each in path.parent.iterdir()] == ["config.toml"]


def test_dev_null_keeps_nothing_and_stays_what_it_is() -> None:
    assert kept(Path(os.devnull), replace(DEFAULTS, theme="nord")) == []
    assert not Path(os.devnull).is_file()


def test_nothing_is_written_where_nothing_changes(path: Path) -> None:
    kept(path, DEFAULTS)
    assert not path.exists()
