"""The table of commands, from which bindings, footer, palette, help and the README's key table are made."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True)
class Command:
    """``key`` works in the walk, ``prompt_key`` everywhere; ``label`` is for the footer, empty for none there."""

    action: str
    key: str
    prompt_key: str
    title: str
    label: str = ""

    def bindings(self) -> list[Binding]:
        """Textual's bindings: the walk's letter, which a focused prompt swallows, and the key that it cannot."""
        bindings = [
            Binding(key, self.action, self.label or self.title, show=False) for key in self.key.split(",") if key
        ]
        if self.prompt_key:
            bindings.append(Binding(self.prompt_key, self.action, self.label, show=bool(self.label), priority=True))
        return bindings


COMMANDS = (
    Command("on", "n", "f8", "Step on", "On"),
    Command("back", "p", "f7", "Step back", "Back"),
    Command("turn", "t", "f6", "Go to the turn, where the walk back begins", ""),
    Command("hint", "h", "f4", "Show the next hint", "Hint"),
    Command("reveal", "r", "f5", "Reveal the answer, and why it is so", "Reveal"),
    Command("view", "v", "f10", "Switch between the tensor, your gradient and its difference", "View"),
    Command("autograd", "a", "ctrl+g", "Show autograd's own gradient"),
    Command("worst", "w", "ctrl+o", "Go to the worst element of your gradient's difference"),
    Command("upstream", "u", "f9", "Upstream gradients: yours where they pass, all yours, all reference"),
    Command("slice", "s", "ctrl+r", "Slice the tensor in sight, such as 3, :, 0"),
    Command("pane", "tab", "f12", "Next pane, where not all are in sight", ""),
    Command("find", "slash", "f3", "Find a statement or a node, and go there", "Find"),
    Command("prompt", "e", "", "Go into the prompt"),
    Command("walk", "", "escape", "Leave the prompt: the keys are the walk's again"),
    Command("copy_answer", "y", "ctrl+y", "Copy this node's answer"),
    Command("train", "g", "ctrl+t", "Train the network on your answers, and sample names"),
    Command("lessons", "l", "ctrl+l", "Choose another lesson"),
    Command("help", "question_mark", "f2", "Help: all keys", "Help"),
    Command("app.command_palette", "colon", "ctrl+p", "Command palette: all commands, and themes"),
    Command("app.quit", "q", "ctrl+q", "Quit; what was submitted is saved", "Quit"),
)

TRAINING = (
    Command("go", "", "f8", "Start, pause, go on", "Start/pause"),
    Command("stop", "", "f7", "Stop with what there is", "Stop"),
    Command("sample", "", "f6", "Sample other names", "Sample"),
    Command("save", "", "f5", "Save the run", "Save"),
    Command("load", "", "f3", "Load a saved run, to sample from it", "Load"),
)
"""The commands of the screen on which the network trains."""

NAMES = {"slash": "/", "question_mark": "?", "colon": ":", "escape": "Esc"}


def shown(key: str) -> str:
    """A key as it is written for people: ``Ctrl+G``, ``F8``, ``/``."""
    if key in NAMES:
        return NAMES[key]
    return key if len(key) == 1 else "+".join(part.capitalize() for part in key.split("+"))


def key_table() -> list[tuple[str, str, str]]:
    """In the walk, everywhere, what it does: one row a command."""
    rows = [("n, Enter" if c.action == "on" else shown(c.key), shown(c.prompt_key), c.title) for c in COMMANDS]
    rows.append(("", "Enter", "In the prompt: submit complete code; otherwise a new line"))
    rows.append(("", "Ctrl+J", "In the prompt: a new line, where Enter would submit"))
    rows.append(("", "Tab", "In the prompt: complete the name"))
    rows.append(("", "Up, Down", "In the prompt: what was submitted before"))
    rows += [("", shown(c.prompt_key), f"In training: {c.title[0].lower()}{c.title[1:]}") for c in TRAINING]
    rows.append(("arrows", "", "In the node pane: scroll the window of values"))
    return rows
