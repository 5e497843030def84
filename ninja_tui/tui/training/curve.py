"""The loss curve: the loss by step up to the current one, one line a side."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import var
from textual.widget import Widget

from ninja_tui.tui.training.chart import Line, chart
from ninja_tui.tui.training.state import TrainState

STYLES = ("$text-accent", "$text-success")


class LossCurve(Widget):
    """A plot of a training's curves."""

    training: var[TrainState] = var(TrainState())

    def watch_training(self) -> None:
        """Paints it anew."""
        self.refresh()

    def render(self) -> Content:
        """Lines and axes."""
        sides = self.training.sides.values()
        lines = [
            Line(side.curve.line, style, dashed=number > 0)
            for number, (side, style) in enumerate(zip(sides, STYLES, strict=False))
        ]
        return chart(lines, self.training.step, self.size.width, self.size.height)


def legend(state: TrainState) -> Content:
    """What is plotted, and which line is whose."""
    parts: list[tuple[str, str] | str] = ["Loss by step"]
    if len(state.sides) > 1:
        for backward, style, line in zip(state.sides, STYLES, ("──", "╌╌"), strict=False):
            parts += ["  ", (line, style), f" {backward}"]
    return Content.assemble(*parts)
