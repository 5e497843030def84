"""The table of commands, from which bindings, footer, palette, help and the documentation's key tables are made."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from textual.binding import Binding
from textual.keys import key_to_character


class Group(enum.Enum):
    """The parts of the help."""

    WALK = "Walk"
    ANSWER = "Answer"
    PRACTICE = "Practice"
    LOOK = "Look"
    PANES = "Panes"
    APP = "App"


class Mode(enum.Enum):
    """What the keys do: where the walk is, and whether the prompt or a pane has them."""

    READING = "reading"
    FORWARD = "walking forward"
    QUESTION = "at a question"
    TURN = "at the turn"
    BACKWARD = "walk keys"
    TYPING = "typing"
    TABLE = "in the table"
    FINISH = "at the finish"
    PRACTISED = "at the end of practice"
    TRAINING = "training"


IDS = {
    **{f"show_pane('{pane}')": f"pane_{pane}" for pane in ("source", "card", "node", "gradients", "train")},
    "resize(1)": "more_room",
    "resize(-1)": "less_room",
    "resize(0)": "usual_room",
}
"""Names of commands whose action has an argument."""


@dataclass(frozen=True)
class Command:
    """``key`` works in the walk, ``prompt_key`` everywhere, ``yields`` where no prompt has it for itself.

    Each holds none, one, or several with commas between them.
    """

    action: str
    key: str
    prompt_key: str
    title: str
    group: Group
    yields: str = ""

    @property
    def id(self) -> str:
        """Its name in the config file, and the id of its binding that works everywhere."""
        return IDS.get(self.action, self.action.removeprefix("app."))

    @property
    def walk_id(self) -> str:
        """The id of its binding in the walk."""
        return f"{self.id}.walk"

    @property
    def walk_keys(self) -> str:
        """The keys that work in the walk only, as people write them."""
        enter = "Enter" if self.action == "on" else ""
        return ", ".join(filter(None, (shown(self.key), shown(self.yields), enter)))

    @property
    def everywhere_keys(self) -> str:
        """The keys that work everywhere: a letter of the walk does so with Alt."""
        alt = [f"alt+{each}" for each in self.key.split(",") if len(each) == 1]
        return ",".join(filter(None, (self.prompt_key, *alt)))

    @property
    def everywhere(self) -> str:
        """The keys that work everywhere, as people write them."""
        return shown(self.everywhere_keys)

    def bindings(self) -> list[Binding]:
        """Textual's bindings: the walk's keys, which a focused prompt swallows, and those that it cannot."""
        bindings = []
        if self.key:
            bindings.append(Binding(self.key, self.action, self.title, show=False, id=self.walk_id))
        if self.everywhere_keys:
            keys = self.everywhere_keys
            bindings.append(Binding(keys, self.action, self.title, show=False, priority=True, id=self.id))
        if self.yields:
            bindings.append(Binding(self.yields, self.action, self.title, show=False))
        return bindings


COMMANDS = (
    Command("on", "n", "f8", "Step on; in the prompt what passes is submitted first", Group.WALK),
    Command("back", "p", "", "Step back", Group.WALK, yields="f7"),
    Command("turn", "t", "", "Go to the turn, where the walk back begins", Group.WALK, yields="f6"),
    Command("questions", "o", "", "Questions for shapes on the way forward: on, off", Group.WALK),
    Command("find", "slash", "f3", "Find a statement or a node, and go there", Group.WALK),
    Command("lessons", "l", "ctrl+l", "Choose another lesson", Group.WALK),
    Command("prompt", "e", "", "Go into the prompt", Group.ANSWER),
    Command("walk", "", "escape", "Leave the prompt: the keys are the walk's again", Group.ANSWER),
    Command("hint", "h", "f4", "Show the next hint", Group.ANSWER),
    Command("reveal", "r", "f5", "Reveal the answer, and why it is so", Group.ANSWER),
    Command("upstream", "u", "f9", "Upstream gradients: yours where they pass, yours, reference", Group.ANSWER),
    Command("copy_answer", "y", "ctrl+c", "Copy what is selected, or this node's answer", Group.ANSWER),
    Command("train", "g", "ctrl+t", "Train the network on your answers, and sample names", Group.ANSWER),
    Command("practise", "c", "", "Practise what is due: its gradient again, with other numbers", Group.PRACTICE),
    Command("again", "m", "", "Practise this gradient again, with other numbers", Group.PRACTICE),
    Command("other_sizes", "k", "", "Practise with other sizes too: on, off", Group.PRACTICE),
    Command("view", "v", "f10", "Switch between the tensor, your gradient and its difference", Group.LOOK),
    Command("autograd", "a", "ctrl+g", "Show autograd's own gradient", Group.LOOK),
    Command("worst", "w", "ctrl+o", "Go to the worst element of your gradient's difference", Group.LOOK),
    Command("poke", "x", "ctrl+n", "Poke: nudge the element with the cursor, and see the loss move", Group.LOOK),
    Command("slice", "s", "ctrl+r", "Slice the tensor in sight, such as 3, :, 0", Group.LOOK),
    Command("pane", "tab", "f12", "Next pane", Group.PANES),
    Command("show_pane('source')", "1", "", "Go to the source", Group.PANES),
    Command("show_pane('card')", "2", "", "Go to the card", Group.PANES),
    Command("show_pane('node')", "3", "", "Go to the tensor", Group.PANES),
    Command("show_pane('gradients')", "4", "", "Go to the table of gradients", Group.PANES),
    Command("show_pane('train')", "5", "", "Go to the training", Group.PANES),
    Command("zoom", "z", "", "One pane on the whole screen, and back", Group.PANES),
    Command("resize(1)", "greater_than_sign", "", "More room for the source and the table", Group.PANES),
    Command("resize(-1)", "less_than_sign", "", "Less room for them", Group.PANES),
    Command("resize(0)", "equals_sign", "", "The usual room for them", Group.PANES),
    Command("help", "question_mark", "f2", "Help: the keys, the marks, the colours", Group.APP),
    Command("app.command_palette", "colon", "ctrl+p", "Command palette: all commands, and themes", Group.APP),
    Command("suspend", "ctrl+z", "", "Suspend; the shell's fg brings the app back", Group.APP),
    Command("app.quit", "q", "ctrl+q", "Quit; what was submitted is saved", Group.APP),
)

EDITING = (
    ("Enter", "Submit complete code; otherwise a new line"),
    ("Ctrl+J, Alt+Enter", "A new line, where Enter would submit"),
    ("Tab", "Complete the name"),
    ("Up, Down", "On the first and last line: what was submitted here before"),
    ("Ctrl+A, F6", "Select all, or the line"),
    ("Ctrl+Z, Ctrl+Y", "Undo, redo"),
    ("Alt+Down, Alt+Up", "Scroll what stands under the code, where not all has room"),
)
"""Keys of the prompt's own: they are no commands of the walk."""

ASKED = (
    ("0-9 ( ) ,", "Answer: 32, 1 or (32, 1); () for a single number"),
    ("Enter", "Compare it with the shape; without an answer, show the shape"),
    ("Backspace, Esc", "Mend the answer, or begin anew"),
)
"""Keys that a question for a shape has for itself; Alt and a digit go to a pane."""

ARROWS = (
    ("Up, Down, Left, Right", "Move the cursor over the values, or the card"),
    ("PgUp, PgDn, Home", "The same by pages, and to the beginning"),
    ("Up, Down, Enter", "In the table: choose a node, and go there"),
)

TRAINING = (
    Command("go", "g", "f8", "Start, pause, go on", Group.APP),
    Command("stop", "s", "f7", "Stop with what there is", Group.APP),
    Command("choices", "c", "f4", "Change the choices, or leave them", Group.APP),
    Command("sample", "n", "f6", "Sample other names", Group.APP),
    Command("save", "w", "f5", "Save the run", Group.APP),
    Command("load", "o", "f3", "Load a saved run, to sample from it", Group.APP),
)
"""The commands of the screen on which the network trains."""

FOOTERS: dict[Mode, tuple[tuple[str, str], ...]] = {
    Mode.READING: (("help", "Help"), ("app.quit", "Quit")),
    Mode.FORWARD: (
        ("on", "On"), ("back", "Back"), ("turn", "Turn"), ("find", "Find"), ("pane", "Pane"), ("zoom", "Zoom"),
        ("lessons", "Lessons"), ("help", "Help"), ("app.quit", "Quit"),
    ),
    Mode.QUESTION: (
        ("Enter", "Show"), ("0-9", "Answer"), ("questions", "Ask no more"), ("back", "Back"), ("turn", "Turn"),
        ("find", "Find"), ("help", "Help"), ("app.quit", "Quit"),
    ),
    Mode.TURN: (
        ("on", "On"), ("back", "Back"), ("find", "Find"), ("pane", "Pane"), ("zoom", "Zoom"), ("train", "Train"),
        ("help", "Help"), ("app.quit", "Quit"),
    ),
    Mode.BACKWARD: (
        ("prompt", "Type"), ("on", "On"), ("back", "Back"), ("hint", "Hint"), ("reveal", "Reveal"), ("view", "View"),
        ("pane", "Pane"), ("help", "Help"), ("app.quit", "Quit"),
    ),
    Mode.TYPING: (
        ("Enter", "Submit"), ("^J", "Line"), ("Tab", "Name"), ("hint", "Hint"), ("on", "On"), ("walk", "Walk"),
        ("help", "Help"),
    ),
    Mode.TABLE: (
        ("↑↓", "Row"), ("Enter", "Go there"), ("on", "On"), ("back", "Back"), ("pane", "Pane"), ("help", "Help"),
        ("app.quit", "Quit"),
    ),
    Mode.FINISH: (
        ("back", "Back"), ("find", "Find"), ("train", "Train"), ("practise", "Practise"), ("lessons", "Lessons"),
        ("help", "Help"), ("app.quit", "Quit"),
    ),
    Mode.PRACTISED: (
        ("back", "Back"), ("find", "Find"), ("practise", "Practise"), ("lessons", "Lessons"), ("help", "Help"),
        ("app.quit", "Quit"),
    ),
    Mode.TRAINING: (
        ("go", "Start, pause, go on"), ("stop", "Stop"), ("choices", "Choices"), ("sample", "Names"), ("save", "Save"),
        ("load", "Load"), ("Esc", "Walk"),
    ),
}  # fmt: skip
"""By mode what the footer offers: commands by their action, and keys of the prompt's and the table's own."""

NAMES = {
    "slash": "/", "question_mark": "?", "colon": ":", "escape": "Esc", "pageup": "PgUp", "pagedown": "PgDn",
    "greater_than_sign": ">", "less_than_sign": "<", "equals_sign": "=",
}  # fmt: skip


def shown(key: str) -> str:
    """A key as it is written for people: ``Ctrl+G``, ``F8``, ``/``; several with commas between them."""
    if "," in key:
        return ", ".join(map(shown, key.split(",")))
    if key in NAMES:
        return NAMES[key]
    character = key_to_character(key) or ""
    if "_" in key and character.isprintable():
        return character or key
    return key if len(key) == 1 else "+".join(part.capitalize() for part in key.split("+"))


def footer(mode: Mode, commands: Sequence[Command] | None = None) -> list[tuple[str, str, str]]:
    """What the footer offers in a mode: the key, its label, and the action that a click runs (empty for none)."""
    by_action = {command.action: command for command in commands or COMMANDS}
    offers = []
    for action, label in FOOTERS[mode]:
        command = by_action.get(action)
        if command is None:
            offers.append((action, label, ""))
        else:
            keys = command.everywhere if mode is Mode.TYPING else command.walk_keys or command.everywhere
            offers.append((keys.split(", ", maxsplit=1)[0].replace("Ctrl+", "^"), label, action))
    return offers


def key_table(
    commands: Sequence[Command] = COMMANDS, training: Sequence[Command] = TRAINING
) -> list[tuple[str, str, str]]:
    """In the walk, everywhere, what it does: one row a command."""
    rows = [(command.walk_keys, command.everywhere, command.title) for command in commands]
    rows += [("", keys, f"In the prompt: {_lower(title)}") for keys, title in EDITING]
    rows += [(keys, "", f"At a question: {_lower(title)}") for keys, title in ASKED]
    rows += [(each.walk_keys, each.everywhere, f"In training: {_lower(each.title)}") for each in training]
    rows += [(keys, "", f"In a pane: {_lower(title)}") for keys, title in ARROWS]
    return rows


def _lower(title: str) -> str:
    return f"{title[0].lower()}{title[1:]}"
