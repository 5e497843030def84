"""The themes that are offered: Textual's, their colours moved until text and borders can be read, and our own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.style import Style
from textual.color import TRANSPARENT, Color
from textual.highlight import HighlightTheme
from textual.theme import BUILTIN_THEMES, Theme
from textual.widgets.text_area import TextAreaTheme

from ninja_tui.tui.contrast import BORDER, TEXT, Terminal, contrast, least_contrast, readable_on

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#55FFFF",
    secondary="#FF55FF",
    accent="#FFFF55",
    warning="#FFFF55",
    error="#FF9090",
    success="#55FF55",
    foreground="#FFFFFF",
    background="#000000",
    surface="#000000",
    panel="#000000",
    boost="#000000",
    variables={
        "text-muted": "#D0D0D0",
        "text-disabled": "#AAAAAA",
        "foreground-muted": "#D0D0D0",
        "text-primary": "#55FFFF",
        "text-secondary": "#FF99FF",
        "text-accent": "#FFFF55",
        "text-warning": "#FFFF55",
        "text-error": "#FF9090",
        "text-success": "#55FF55",
        "border": "#FFFF55",
        "border-blurred": "#AAAAAA",
        "current-line": "#000080",
        "block-cursor-background": "#FFFFFF",
        "block-cursor-foreground": "#000000",
        "input-cursor-background": "#FFFFFF",
        "input-cursor-foreground": "#000000",
        "footer-background": "#000000",
        "scrollbar": "#AAAAAA",
        "scrollbar-background": "#000000",
    },
)
"""Ours: text at 7 : 1 and more, in colours that a terminal of sixteen has too."""

THEMES: dict[str, Theme] = {
    **{name: theme for name, theme in BUILTIN_THEMES.items() if not theme.ansi},
    HIGH_CONTRAST.name: HIGH_CONTRAST,
}
"""By name. Not Textual's two of the terminal's own colours: nobody knows their contrast."""


def offered_themes(terminal: Terminal) -> dict[str, Theme]:
    """The themes that can be read in that terminal: sixteen colours are enough for one."""
    return {HIGH_CONTRAST.name: HIGH_CONTRAST} if terminal.sixteen else THEMES


def first_theme(chosen: str, terminal: Terminal) -> str:
    """The theme that the app starts with: the chosen one, where it is offered."""
    offered = offered_themes(terminal)
    return chosen if chosen in offered else next(iter(offered))


NAMES = ("primary", "secondary", "warning", "error", "success", "accent")
"""The colours that a theme names, which Textual's and our own borders take."""
TEXTS = (
    *(f"text-{name}" for name in (*NAMES, "muted", "disabled")),
    *("foreground-muted", "foreground-disabled", "block-cursor-blurred-foreground", "input-selection-foreground"),
)
"""The colours of text, which may stand on any surface."""
ON_ITS_OWN = (
    ("block-cursor-foreground", ("block-cursor-background",)),
    ("input-cursor-foreground", ("input-cursor-background",)),
    ("footer-foreground", ("footer-background",)),
    ("footer-key-foreground", ("footer-background", "footer-key-background")),
    ("footer-description-foreground", ("footer-background", "footer-description-background")),
)
"""Colours of text with what lies under them, from below."""
SELECTED = ("current-line", "block-cursor-blurred-background", "input-selection-background")
"""One ground for what is current or selected: the current statement, a list's row, text in a field."""
FOCUS_TINT = 0.05
"""Textual tints the field that has the focus with so much of the foreground."""
SHARES = range(10, 60, 5)
"""Per cent of the primary colour in the ground of what is selected: the first that can be told from other grounds."""
MARKED = 1.25
"""The contrast at which it can."""


def readable_variables(variables: Mapping[str, str], terminal: Terminal) -> dict[str, str]:
    """The variables of a theme, so that text has a contrast of 4.5 at least on what it stands on, and borders of 3.

    The contrast is that of the colours as the terminal paints them. Adds ``current-line``, the ground of the current
    statement; where not all colours are there, coloured text on it has only the contrast of borders.
    """
    background, surface, panel, toast = (
        Color.parse(variables[name]) for name in ("background", "surface", "panel", "panel-lighten-1")
    )
    grounds = [background, surface, background + panel, background + toast]
    selected = _current_line(variables, terminal)
    on_selected = BORDER if terminal.few else TEXT
    foreground = _moved(variables["foreground"], terminal, (grounds, TEXT), ([selected], on_selected))
    grounds[-1] = surface.blend(Color.parse(foreground), FOCUS_TINT)  # no text but the foreground stands on a toast
    result = {**variables, "foreground": foreground, **dict.fromkeys(SELECTED, selected.hex)}
    for name in TEXTS:
        result[name] = _moved(variables[name], terminal, (grounds, TEXT), ([selected], on_selected))
    for name in ("border", "border-blurred", *NAMES):
        result[name] = _moved(variables[name], terminal, (grounds, BORDER))
    for name, under in ON_ITS_OWN:
        ground = surface
        for each in under:
            ground = _over(ground, result[each])
        result[name] = _moved(variables[name], terminal, ([ground], TEXT))
    return result


def _current_line(variables: Mapping[str, str], terminal: Terminal) -> Color:
    """The theme's own, or so much of its primary colour as can be told from the background and from fields."""
    names = ("background", "surface", "foreground")
    background, surface, foreground = (terminal.painted(Color.parse(variables[name])) for name in names)
    own = [Color.parse(variables["current-line"])] if "current-line" in variables else []
    blends = [Color.parse(variables["background"]).blend(Color.parse(variables["primary"]), s / 100) for s in SHARES]

    def marked(color: Color) -> bool:
        ground = terminal.painted(color)
        return least_contrast(ground, [background, surface]) >= MARKED and contrast(ground, foreground) >= BORDER

    return next(filter(marked, (*own, *blends)), blends[0])


def _moved(value: str, terminal: Terminal, *needed: tuple[Sequence[Color], float]) -> str:
    """The colour ``value``, moved until it has the contrast that is needed on each group of grounds."""
    painted = [([terminal.painted(ground) for ground in grounds], least) for grounds, least in needed]

    def holds(color: Color) -> bool:
        ink = terminal.painted(color)
        return all(least_contrast(ink, grounds) >= least for grounds, least in painted)

    return readable_on(_over(needed[0][0][0], value), holds).hex


def _over(ground: Color, value: str) -> Color:
    """The opaque colour that ``value`` gives on ``ground``: ``#1A2B3C``, ``#1A2B3C 40%``, ``auto 87%``, ``initial``."""
    name, _, share = value.partition(" ")
    alpha = float(share.rstrip("%")) / 100 if share else 1.0
    if name == "auto":
        return ground + ground.get_contrast_text(alpha)
    color = TRANSPARENT if name == "initial" else Color.parse(name)
    return ground + color.multiply_alpha(alpha)


class CodeColours(HighlightTheme):
    """The colours of code in the panes: the theme's, none of them thinned."""

    STYLES = {
        token: re.sub(r" \d+%", "", style.replace("$text 60%", "$text-muted"))
        for token, style in HighlightTheme.STYLES.items()
    }


EDITOR = {
    "text-success": ("string", "string.documentation", "boolean", "constant.builtin"),
    "text-muted": ("comment",),
    "text-accent": (
        "keyword", "keyword.function", "keyword.return", "keyword.operator", "conditional", "repeat", "exception",
        "include", "type.builtin",
    ),
    "text-warning": ("number", "float", "class", "type", "type.class", "constructor"),
    "text-primary": ("function", "function.call", "method", "method.call"),
}  # fmt: skip
"""By colour: what the grammar of Python names."""


def editor_theme(name: str, variables: Mapping[str, str]) -> TextAreaTheme:
    """The editor's colours in the theme ``name``: those that code has in the other panes."""
    styles = {
        token: Style(color=Color.parse(variables[color]).rich_color, italic=color == "text-muted" or None)
        for color, tokens in EDITOR.items()
        for token in tokens
    }
    return TextAreaTheme(name=f"editor of {name}", syntax_styles=styles)
