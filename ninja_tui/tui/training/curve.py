"""The loss curve: log10 of the loss by step, one line a side."""

from __future__ import annotations

from textual_plot import HiResMode, PlotWidget

from ninja_tui.tui.training.state import TrainState

COLOURS = ("dodger_blue1", "orange1")


class LossCurve(PlotWidget):
    """A plot of ``TrainState``'s curves."""

    def on_mount(self) -> None:
        """Says what its axes are."""
        super().on_mount()
        self.margin_top = 0
        self.set_xlabel("step")

    def draw_state(self, state: TrainState) -> None:
        """Draws the curves anew, on axes that hold the whole training."""
        self.clear()
        if state.plan.steps:
            self.set_xlimits(0, state.plan.steps)
        for colour, (backward, side) in zip(COLOURS, state.sides.items(), strict=False):
            points = side.curve.points
            if len(points) > 1:
                steps = [(number + 0.5) * side.curve.width for number in range(len(points))]
                label = str(backward) if len(state.sides) > 1 else None
                self.plot(steps, list(points), line_style=colour, hires_mode=HiResMode.BRAILLE, label=label)
        if len(state.sides) > 1 and all(len(side.curve.points) > 1 for side in state.sides.values()):
            self.show_legend()
