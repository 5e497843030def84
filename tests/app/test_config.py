"""What is chosen in one session holds in the next; keys of one's own work and are shown; what is wrong is told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from rich.color import ColorSystem

from ninja_tui.engine.protocol.verdict import Upstream
from ninja_tui.tui.commands import COMMANDS
from ninja_tui.tui.config import Known
from ninja_tui.tui.config_file import Config
from ninja_tui.tui.contrast import Terminal
from ninja_tui.tui.screens.paned import PANES
from ninja_tui.tui.themes import HIGH_CONTRAST, THEMES
from ninja_tui.tui.training.screen import TrainScreen
from tests.app.support import (
    AppPilot,
    backend,
    close_toasts,
    go_to,
    in_prompt,
    pane_text,
    press,
    prompt_code,
    screen_lines,
    screen_text,
    session,
    settle,
    toasts,
    type_text,
    visible,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
)

KNOWN = Known(THEMES, PANES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def config(path: Path, text: str = "") -> Config:
    if text:
        path.write_text(text, encoding="utf-8")
    return Config.opened(path, KNOWN)


def kept(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


async def test_the_theme_is_that_of_the_file_from_the_first_frame_on(path: Path) -> None:
    async with walking(config=config(path, 'theme = "nord"')) as pilot:
        assert pilot.app.theme == "nord"
        assert pilot.app.screen.styles.background.hex == "#2E3440"


async def test_a_theme_that_is_chosen_in_the_palette_is_kept(path: Path) -> None:
    own = config(path)
    async with walking(config=own) as pilot:
        await press(pilot, "ctrl+p")
        await type_text(pilot, "theme")
        await wait_for_text(pilot, "Change the current theme")
        await press(pilot, "enter")
        await type_text(pilot, "contrast")
        await wait_for_text(pilot, "high-contrast")
        await press(pilot, "enter")
        await wait_for(pilot, lambda: pilot.app.theme == HIGH_CONTRAST.name, "the theme")
    own.close()
    assert kept(path)["theme"] == HIGH_CONTRAST.name
    assert config(path).settings.theme == HIGH_CONTRAST.name


async def test_the_theme_of_the_file_stays_there_where_a_terminal_cannot_show_it(path: Path) -> None:
    own = config(path, 'theme = "nord"\n')
    async with walking(config=own, terminal=Terminal(ColorSystem.STANDARD)) as pilot:
        assert pilot.app.theme == HIGH_CONTRAST.name
    own.close()
    assert path.read_text(encoding="utf-8") == 'theme = "nord"\n'


async def test_the_choice_of_upstream_gradients_is_kept_and_used(path: Path) -> None:
    own = config(path)
    async with walking(config=own) as pilot:
        await press(pilot, "u", "u")
    own.close()
    assert kept(path)["upstream"] == "reference"
    async with walking(config=config(path)) as pilot:
        assert session(pilot).upstream is Upstream.REFERENCE
        await go_to(pilot, "dprobs")
        assert backend(pilot).asked("prepare")[-1][1] is Upstream.REFERENCE


async def test_the_pane_that_was_shown_is_shown_again(path: Path) -> None:
    own = config(path)
    async with walking(config=own, size=(80, 24)) as pilot:
        await press(pilot, "f12")
        assert visible(pilot, "node")
    own.close()
    async with walking(config=config(path), size=(80, 24)) as pilot:
        assert visible(pilot, "node")


@pytest.mark.parametrize(("size", "part", "name"), [((120, 40), "left", "width"), ((80, 24), "source", "height")])
async def test_the_room_that_a_key_gives_is_there_again(
    path: Path, size: tuple[int, int], part: str, name: str
) -> None:
    def room(pilot: AppPilot) -> int:
        value = getattr(pilot.app.screen.query_one(f"#{part}").region, name)
        assert isinstance(value, int)
        return value

    own = config(path)
    async with walking(config=own, size=size) as pilot:
        usual = room(pilot)
        await press(pilot, "less_than_sign" if part == "left" else "greater_than_sign")
        changed = room(pilot)
        assert changed != usual
    own.close()
    own = config(path)
    async with walking(config=own, size=size) as pilot:
        assert room(pilot) == changed
        await press(pilot, "equals_sign")
        assert room(pilot) == usual
    own.close()
    assert part not in path.read_text(encoding="utf-8").split("[sizes]")[-1].split("[keys]")[0]


OWN_KEYS = """
questions = false
[keys]
on = "j, f11"
help = "f1"
go = "f9"
"""


async def test_keys_of_ones_own_do_what_the_others_did(path: Path) -> None:
    async with walking(config=config(path, OWN_KEYS)) as pilot:
        await press(pilot, "j", "f11")
        assert session(pilot).position == 2
        await press(pilot, "n", "f8")
        assert session(pilot).position == 2
        await go_to_the_prompt(pilot)
        await type_text(pilot, "x")
        assert prompt_code(pilot) == "dlogprobs = x"
        await press(pilot, "f11")
        assert session(pilot).tensor == "probs"


async def go_to_the_prompt(pilot: AppPilot) -> None:
    await press(pilot, "t", "j", "enter")
    await wait_for(pilot, lambda: in_prompt(pilot), "the focus in the prompt")


async def test_the_training_has_its_keys_from_the_file_too(path: Path) -> None:
    async with walking(config=config(path, OWN_KEYS)) as pilot:
        await press(pilot, "ctrl+t")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, TrainScreen), "the training")
        await press(pilot, "f8")
        assert backend(pilot).asked("train") == []
        await press(pilot, "c")  # in a field, which takes the letters
        await wait_for(pilot, lambda: "F9 Start" in screen_lines(pilot)[-1], "the footer")
        await press(pilot, "f9", "f9")  # the first says that answers are missing
        assert len(backend(pilot).asked("train")) == 1


async def test_footer_help_and_palette_show_the_keys_that_hold(path: Path) -> None:
    async with walking(config=config(path, OWN_KEYS), size=(120, 140)) as pilot:
        await go_to_the_prompt(pilot)
        footer = screen_lines(pilot)[-1]
        assert "F11 On" in footer
        assert "F1 Help" in footer
        assert "F8" not in footer
        offered = {each.title: each.help for each in pilot.app.get_system_commands(pilot.app.screen)}
        assert offered[COMMANDS[0].title] == "key: j, Enter or F11, Alt+J"
        assert offered["Find a statement or a node, and go there"] == "key: / or F3"
        await press(pilot, "f1")
        lines = [" ".join(line.split()) for line in pane_text(pilot, "help").splitlines()]
        assert any(line.startswith("j, Enter F11, Alt+J Step on") for line in lines)
        assert any("F9" in line and "Start, pause, go on" in line for line in lines)


async def test_sentences_name_the_keys_that_hold(path: Path) -> None:
    keys = """[keys]
on = "j, f11"
back = "b"
turn = "ö"
hint = "i, ctrl+k"
reveal = "shift+f5"
lessons = "d"
train = "ü"
questions = "4"
pane = "ctrl+f12"
walk = "ctrl+e"
"""
    async with walking(size=(100, 40), config=config(path, f"questions = false\n{keys}")) as pilot:
        assert "Enter or j steps on, b back, ö goes to the turn" in screen_text(pilot)
        assert "lessons (d): " in screen_text(pilot)
        assert "Ctrl+F12" in screen_text(pilot)
        await press(pilot, "4", "4")
        await wait_for_toast(pilot, "off; 4 turns them on again")
        await press(pilot, "f6")
        await wait_for_text(pilot, "Enter or j goes to dlogprobs")
        await go_to(pilot, "dprobs")
        await wait_for_text(pilot, "Ctrl+E: walk keys")
        await press(pilot, "alt+2")
        await wait_for_text(pilot, "3 more hints: i or Ctrl+K")
        await press(pilot, "ctrl+k", "ctrl+k", "ctrl+k", "ctrl+k")
        await wait_for_toast(pilot, "there is no further hint; Shift+F5 reveals the answer")
        await press(pilot, "e")
        await wait_for(pilot, lambda: in_prompt(pilot), "the focus in the prompt")
        await type_text(pilot, "(1.0 / probs) * dlogprobs")
        await wait_for_text(pilot, "right: Enter submits it", "prompt")
        await press(pilot, "enter")
        await wait_for_text(pilot, "saved: Enter or F11 goes on", "prompt")


async def test_a_question_names_the_key_that_ends_them(path: Path) -> None:
    async with walking(config=config(path, 'questions = true\n[keys]\nquestions = "ü"\n')) as pilot:
        await wait_for_text(pilot, "Enter shows it · ü: no more questions", "prompt")


async def test_the_palette_says_each_key_as_people_write_it_and_has_no_command_twice() -> None:
    async with walking() as pilot:
        offered = list(pilot.app.get_system_commands(pilot.app.screen))
        titles = [each.title for each in offered]
        assert len(titles) == len(set(titles))
        assert "Keys" not in titles
        told = {each.title: each.help for each in offered}
        assert told["Leave the prompt: the keys are the walk's again"] == "key: Esc"
        assert told["Go into the prompt"] == "key: e or Alt+E"
        assert not any("slash" in words or "question_mark" in words for words in told.values())


async def test_what_is_wrong_in_the_file_is_told_and_the_app_runs(path: Path) -> None:
    text = 'questions = false\ntheem = "nord"\ntheme = "nrod"\n[keys]\nhnt = "x"\non = "f99"\n'
    async with walking(config=config(path, text)) as pilot:
        for sentence in (
            "there is no setting 'theem'; did you mean 'theme'?",
            "theme: there is no 'nrod'; did you mean 'nord'?",
            "there is no command 'hnt'; did you mean 'hint'?",
            "on: there is no key 'f99'",
        ):
            await wait_for_toast(pilot, sentence)
        close_toasts(pilot)
        await press(pilot, "f8")
        assert session(pilot).position == 1


@pytest.mark.parametrize("name", ["[bold]theme[/]", "[/]", "\\u001b[31m"])
async def test_what_the_file_says_is_told_as_plain_text(path: Path, name: str) -> None:
    async with walking(config=config(path, f'"{name}" = 1\n')) as pilot:
        await wait_for(pilot, lambda: "thereisnosetting" in toasts(pilot), "a toast")
        assert name.startswith("\\") or name in toasts(pilot)


async def test_a_file_that_cannot_be_written_is_told_once_and_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    own = Config(tmp_path / "file" / "config.toml")
    async with walking(config=own) as pilot:
        await press(pilot, "u")
        await wait_for_toast(pilot, "Settings are not kept")
        close_toasts(pilot)
        await press(pilot, "u")
        await settle(pilot)
        assert "notkept" not in toasts(pilot)
        assert session(pilot).upstream is Upstream.REFERENCE


async def test_an_app_that_is_given_no_file_keeps_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NINJA_TUI_CONFIG", str(path))
    async with walking() as pilot:
        await press(pilot, "u")
        assert session(pilot).upstream is Upstream.YOURS
    assert not path.exists()
