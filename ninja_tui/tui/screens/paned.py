"""Which panes have room, and where: side by side, or one above the other with tabs."""

from __future__ import annotations

from dataclasses import replace

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from ninja_tui.tui.config_file import Config
from ninja_tui.tui.painting.compositor import HeldPaint, SparingCompositor
from ninja_tui.tui.painting.rows import Titled
from ninja_tui.tui.widgets.gradients import GradientsPane
from ninja_tui.tui.widgets.prompt import PromptPane
from ninja_tui.tui.widgets.source import SourcePane

SMALLEST = (60, 18)
WIDE = 110
"""Columns from which Source and Gradients stand beside Tensor and Card."""
LOW, HIGH = 22, 34
"""Lines below which the path has no room, and from which it has two and a wide screen shows the training."""
TABS = ("card", "node", "gradients", "train")
PANES = ("source", *TABS)
"""In the order of the keys 1 to 5."""
FRAME = 4
"""Columns of a pane's borders and padding."""
BORDERS = 2
BARS = 2
"""Lines of the title and the keys; those of the path come to them."""
LEAST_TAB, LEAST_SOURCE = 5, 4
"""Lines, with borders, that a tab and the source have at least."""
LEAST_LEFT, WIDER, HIGHER = 40, 4, 1
"""Columns that either side has at least; by how many columns or lines a key moves the border."""


class PanedScreen(Screen[None]):
    """A screen whose panes stand side by side in a wide terminal, and are stacked, with tabs, in a narrow one."""

    AUTO_FOCUS = ""  # the letters are the walk's, also when a list closes above it

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._compositor = SparingCompositor()
        self._config = config
        self._typing = False
        self._paint = HeldPaint(self)
        self._pane = config.settings.pane or TABS[0]
        self.add_class(f"pane-{self._pane}")

    def on_resize(self, event: events.Resize) -> None:
        """Chooses the layout; where no layout fits, shows the size that is needed."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        if small and not self.has_class("too-small"):
            self._typing = self._prompt.input.has_focus  # what is hidden loses the focus
        elif not small and self._typing:
            self._typing = False
            self.call_after_refresh(self._type_on)
        self.choose_layout(event.size)
        needed = f"ninja-tui needs {SMALLEST[0]}×{SMALLEST[1]}; this terminal has {width}×{height}."
        self.query_one("#too-small", Static).update(Content(needed))
        self.fit_panes()

    def choose_layout(self, size: Size) -> None:
        """Chooses the layout; before anything has a style, it costs nothing."""
        width, height = size
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "too-small")
        self.set_class(width < WIDE, "narrow")
        self.set_class(height < LOW, "low")
        self.set_class(height >= HIGH, "high")
        self.set_class(self.has_class("narrow") or height >= HIGH, "has-train")

    def fit_panes(self) -> None:
        """Gives the columns the widths that their content needs, and names the panes."""
        width, height = self.app.size
        sizes = self._config.settings.sizes
        least = max(2, (height - 10) // 4) + BORDERS
        source = max(LEAST_SOURCE, min(sizes.get("source", least), height // 2))
        self._prompt.most = height // 2
        if self.has_class("zoomed"):
            _set(self.query_one("#left"), width=None)
            _set(self.query_one(SourcePane), height=None)
        elif self.has_class("narrow"):
            _set(self.query_one("#left"), width=None)
            _set(self.query_one(SourcePane), height=source)
            self._prompt.most = min(height // 2, height - BARS - _path_lines(height) - source - LEAST_TAB)
        else:
            needed = max(self.query_one(SourcePane).whole_width, self.query_one(GradientsPane).whole_width) + FRAME + 1
            left = sizes.get("left", max(width // 3, min(needed, width * 11 // 20)))
            _set(self.query_one("#left"), width=max(LEAST_LEFT, min(left, width - LEAST_LEFT)))
            _set(self.query_one(SourcePane), height=None)
        self.title_panes()

    def pane_names(self) -> dict[str, str]:
        """The panes by their ids, each with what it is called now."""
        raise NotImplementedError  # as for `draw_row`: Textual's screens have a metaclass that abc's cannot join

    def title_panes(self) -> None:
        """Writes the names of the panes, with their numbers, into their borders: stacked ones as tabs."""
        names = self.pane_names()
        tabs = self.has_class("narrow") and not self.has_class("zoomed")
        for number, pane in enumerate(PANES, 1):
            title = Content(f"{number} {names[pane]}")
            if tabs and pane in TABS:
                title = self._tabs(names) if pane == self._pane else title
            self.query_one(f"#{pane}", Titled).write_title(title)

    def _tabs(self, names: dict[str, str]) -> Content:
        parts = []
        for number, pane in enumerate(PANES[1:], 2):
            name = f"{number} {names[pane]}"
            parts.append(
                Content.styled(f"[{name}]", "bold") if pane == self._pane else Content.styled(name, "not bold")
            )
        return Content("  ").join([*parts, Content(self._config.keymap.in_prompt("pane"))])

    def action_pane(self) -> None:
        """The next pane: shown, where not all are in sight, and with the focus for its arrow keys."""
        if self.has_class("narrow") or self.has_class("zoomed"):
            self.show_pane(TABS[(TABS.index(self._pane) + 1) % len(TABS)] if self._pane in TABS else TABS[0])
        else:
            self.focus_next("SourcePane, GradientsPane, NodePane, CardPane, AnswerInput")

    def action_show_pane(self, pane: str) -> None:
        """Brings a pane in sight, with the keys."""
        self.show_pane(pane)
        if self.query_one(f"#{pane}").focusable:
            self.query_one(f"#{pane}").focus()

    def show_pane(self, pane: str) -> None:
        """Brings a pane in sight; where they take turns, with the keys, unless somebody types."""
        if pane in TABS or self.has_class("zoomed"):
            self._pane = pane
            for other in PANES:
                self.set_class(other == pane, f"pane-{other}")
        if pane in TABS and pane != self._config.settings.pane:
            self._config.keep(replace(self._config.settings, pane=pane))
        if self.has_class("narrow") and not self._prompt.input.has_focus and self.query_one(f"#{pane}").focusable:
            self.query_one(f"#{pane}").focus()
        self.fit_panes()

    def action_zoom(self) -> None:
        """The pane with the focus, or the one that was shown last, on the whole screen; or all of them again."""
        zoomed = not self.has_class("zoomed")
        focused = next((pane for pane in PANES if self.query_one(f"#{pane}").has_focus), None)
        if zoomed:
            self._typing = self._prompt.input.has_focus
        self.set_class(zoomed, "zoomed")
        if zoomed:
            self.show_pane(focused or self._pane)
        else:
            self.show_pane(self._pane if self._pane in TABS else TABS[0])
            if self._typing:
                self._typing = False
                self.call_after_refresh(self._type_on)

    def action_resize(self, steps: int) -> None:
        """Moves the border between the columns, or below the source where the panes are stacked; 0 forgets it."""
        sizes = dict(self._config.settings.sizes)
        name, part, step = ("source", "#source", HIGHER) if self.has_class("narrow") else ("left", "#left", WIDER)
        if steps:
            region = self.query_one(part).region
            sizes[name] = (region.height if name == "source" else region.width) + steps * step
        else:
            sizes.pop(name, None)
        self._config.keep(replace(self._config.settings, sizes=sizes))
        self.fit_panes()

    @property
    def _prompt(self) -> PromptPane:
        return self.query_one(PromptPane)

    def _type_on(self) -> None:
        if not self._prompt.input.disabled:
            self._prompt.input.focus()


def _path_lines(height: int) -> int:
    return 0 if height < LOW else 1 if height < HIGH else 2


def _set(widget: Widget, *, width: int | None = None, height: int | None = None) -> None:
    """Sets what differs: each change has the whole screen laid out anew."""
    for name, value in (("width", width), ("height", height)):
        current = getattr(widget.styles.inline, name)
        if (None if current is None else current.value) != value:
            setattr(widget.styles, name, value)
