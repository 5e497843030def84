"""The themes that are offered: Textual's, their colours moved until text and borders can be read, and our own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.style import Style
from textual.color import TRANSPARENT, Color
from textual.highlight import HighlightTheme
from textual.theme import BUILTIN_THEMES, Theme
from textual.widgets.text_area import TextAreaTheme

from ninja_tui.tui.contrast import BORDER, TEXT, least_contrast, readable_on

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
SHARES = range(15, 60, 5)
"""Per cent of the primary colour in the ground of what is selected: the first that can be told from other grounds."""
MARKED = 1.25
"""The contrast at which it can."""


def readable_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a theme, so that text has a contrast of 4.5 at least on what it stands on, and borders of 3.

    Adds ``current-line``, the ground of the current statement.
    """
    background, surface, panel, toast = (
        Color.parse(variables[name]) for name in ("background", "surface", "panel", "panel-lighten-1")
    )
    current = variables.get("current-line") or _current_line(Color.parse(variables["primary"]), background, surface)
    grounds = [background, surface, background + panel, background + toast]
    selected = Color.parse(current)
    foreground = readable_on(Color.parse(variables["foreground"]), [*grounds, selected], TEXT)
    grounds[-1] = surface.blend(foreground, FOCUS_TINT)  # no text but the foreground stands on a toast
    result = {**variables, "foreground": foreground.hex, **dict.fromkeys(SELECTED, current)}
    result |= {name: _moved(variables[name], [*grounds, selected], TEXT) for name in TEXTS}
    result |= {name: _moved(variables[name], grounds, BORDER) for name in ("border", "border-blurred", *NAMES)}
    for name, under in ON_ITS_OWN:
        ground = surface
        for each in under:
            ground = _over(ground, result[each])
        result[name] = _moved(variables[name], [ground], TEXT)
    return result


def _current_line(primary: Color, *grounds: Color) -> str:
    blends = [grounds[0].blend(primary, share / 100) for share in SHARES]
    return next((each for each in blends if least_contrast(each, grounds) >= MARKED), blends[-1]).hex


def _moved(value: str, grounds: Sequence[Color], least: float) -> str:
    return readable_on(_over(grounds[0], value), grounds, least).hex


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
