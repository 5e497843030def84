"""Whatever the theme: text is painted with a contrast of 4.5 at least, borders with 3, and nothing by colour alone."""

from __future__ import annotations

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import BLACK, Color
from textual.command import CommandPalette
from textual.theme import BUILTIN_THEMES

from ninja_tui.tui.contrast import (
    ALL_COLOURS,
    BORDER,
    TEXT,
    ReadableDim,
    Terminal,
    contrast,
    least_contrast,
    readable_on,
)
from ninja_tui.tui.screens.find import FindScreen
from ninja_tui.tui.screens.help import HelpScreen
from ninja_tui.tui.screens.lessons import LessonsScreen
from ninja_tui.tui.screens.slicing import SliceScreen
from ninja_tui.tui.themes import HIGH_CONTRAST, THEMES, readable_variables
from ninja_tui.tui.training.screen import TrainScreen
from tests.app.fake_backend import Fakes
from tests.app.painted import faint
from tests.app.support import ANSWERS, AppPilot, go_to, press, settle, styles_of, wait_for, walking, write_answer

GREYS, MANY = Terminal(grey=True), Terminal(ColorSystem.EIGHT_BIT)
SIXTEEN, SIXTEEN_GREYS = (Terminal(ColorSystem.STANDARD, grey) for grey in (False, True))
TEXTS = ("foreground", *(f"text-{each}" for each in ("muted", "primary", "accent", "success", "warning", "error")))
DIALOGS = {
    "f3": FindScreen,
    "ctrl+l": LessonsScreen,
    "ctrl+r": SliceScreen,
    "f2": HelpScreen,
    "ctrl+p": CommandPalette,
    "ctrl+t": TrainScreen,
}


def some_answers() -> Fakes:
    """One that passes, and one that fails."""
    return Fakes().answers("names", logprobs=ANSWERS["logprobs"], probs="dprobs = probs")


def variables(theme: str, terminal: Terminal = ALL_COLOURS) -> dict[str, Color]:
    chosen = THEMES[theme]
    resolved = readable_variables({**chosen.to_color_system().generate(), **chosen.variables}, terminal)
    parsed = {}
    for name, value in resolved.items():
        if value.startswith("#"):
            parsed[name] = Color.parse(value)
    return parsed


async def painted_in(pilot: AppPilot, theme: str, terminal: Terminal = ALL_COLOURS) -> set[str]:
    """What is too faint in that theme."""
    pilot.app.theme = theme
    await settle(pilot)
    return {f"{theme}: {piece}" for piece in faint(pilot, terminal)}


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(Color.parse("white"), Color.parse("black")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("white")) == pytest.approx(4.48, abs=0.01)


def test_a_colour_moves_only_as_far_as_it_must() -> None:
    grey = Color.parse("#333333")

    def holds(color: Color) -> bool:
        return contrast(color, BLACK) >= TEXT

    moved = readable_on(grey, holds)
    assert TEXT <= contrast(moved, BLACK) < TEXT + 0.7
    assert readable_on(moved, holds) == moved


@pytest.mark.parametrize(
    "style", ["dim #e0e0e0 on #1e1e1e", "dim #555555 on #eeeeee", "dim reverse #1e1e1e on #e0e0e0"]
)
def test_dim_text_is_fainter_and_can_still_be_read(style: str) -> None:
    plain = Style.parse(style.replace("dim ", ""))
    (segment,) = ReadableDim(ALL_COLOURS).apply([Segment("text", Style.parse(style))], Color.parse("black"))
    assert segment.style is not None
    assert not segment.style.dim
    assert segment.style.reverse == plain.reverse
    assert TEXT <= shown_contrast(segment.style) < shown_contrast(plain)


def shown_contrast(style: Style) -> float:
    assert style.color is not None
    assert style.bgcolor is not None
    return contrast(Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor))


def test_every_theme_of_textual_is_offered_but_those_of_the_terminals_own_colours() -> None:
    assert {*BUILTIN_THEMES} - {*THEMES} == {"ansi-dark", "ansi-light"}


@pytest.mark.parametrize("theme", THEMES)
def test_the_colours_of_a_theme_can_be_read_on_each_of_its_surfaces(theme: str) -> None:
    found = variables(theme)
    surfaces = [found[name] for name in ("background", "surface", "panel", "current-line")]
    texts = (
        "foreground",
        "text-muted",
        *(f"text-{name}" for name in ("primary", "accent", "success", "warning", "error")),
    )
    for name in texts:
        assert least_contrast(found[name], surfaces) >= TEXT, name
    for name in ("border", "border-blurred", "accent", "primary"):
        assert least_contrast(found[name], surfaces[:3]) >= BORDER, name
    assert contrast(found["block-cursor-foreground"], found["block-cursor-background"]) >= TEXT
    assert contrast(found["footer-key-foreground"], found["footer-background"]) >= TEXT
    assert least_contrast(found["current-line"], surfaces[:2]) > 1.2


def test_high_contrast_has_seven_to_one() -> None:
    found = variables(HIGH_CONTRAST.name)
    for name in (
        "foreground",
        "text-primary",
        "text-accent",
        "text-success",
        "text-warning",
        "text-error",
        "text-muted",
    ):
        assert least_contrast(found[name], [found["background"], found["current-line"]]) >= 7, name


@pytest.mark.slow
async def test_the_walk_can_be_read_in_every_theme() -> None:
    async with walking(some_answers()) as pilot:
        await go_to(pilot, "dprobs")
        await press(pilot, "f4", "f10")
        await write_answer(pilot, "dprobs = torch.zeros(3, dtype=None) * 'x' if 1.5 else len(probs)  # no")
        for theme in THEMES:
            assert await painted_in(pilot, theme) == set()


@pytest.mark.slow
@pytest.mark.parametrize("terminal", [MANY, GREYS, SIXTEEN, SIXTEEN_GREYS])
async def test_the_walk_can_be_read_with_few_colours_or_none(terminal: Terminal) -> None:
    async with walking(some_answers(), terminal=terminal) as pilot:
        await go_to(pilot, "dprobs")
        await press(pilot, "f4", "f10")
        for theme in pilot.app.available_themes:
            assert await painted_in(pilot, theme, terminal) == set()


@pytest.mark.parametrize("terminal", [SIXTEEN, SIXTEEN_GREYS])
async def test_a_terminal_of_sixteen_colours_has_the_high_contrast(terminal: Terminal) -> None:
    async with walking(terminal=terminal) as pilot:
        assert [*pilot.app.available_themes] == [pilot.app.theme] == [HIGH_CONTRAST.name]


@pytest.mark.parametrize("terminal", [ALL_COLOURS, MANY, GREYS, SIXTEEN, SIXTEEN_GREYS])
async def test_the_current_statement_has_a_sign_a_weight_and_a_ground_of_its_own(terminal: Terminal) -> None:
    async with walking(some_answers(), terminal=terminal) as pilot:
        await go_to(pilot, "dprobs")
        (statement,) = styles_of(pilot, "source", "◀")
        (other,) = styles_of(pilot, "source", "↰")
        assert statement.bold
        grounds = []
        for style in (statement, other):
            assert style.bgcolor is not None
            grounds.append(terminal.painted(Color.from_rich_color(style.bgcolor)))
        assert contrast(*grounds) > 1.2


@pytest.mark.slow
@pytest.mark.parametrize("key", DIALOGS)
async def test_the_dialogs_can_be_read(key: str) -> None:
    async with walking(some_answers()) as pilot:
        await press(pilot, key)
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, DIALOGS[key]), key)
        for theme in THEMES:
            assert await painted_in(pilot, theme) == set()
