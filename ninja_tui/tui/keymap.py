"""Keys of a person's own for commands: what the config file says, and what comes of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from ninja_tui.tui.commands import COMMANDS, TRAINING, Command, shown
from ninja_tui.tui.config import unknown

ALIASES = {"esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown"}
SAME = {"ctrl+i": "tab", "ctrl+m": "enter"}
"""Keys that no terminal can tell apart."""
MODIFIERS = {"alt", "ctrl", "hyper", "meta", "shift", "super"}
NAMED = {str(key.value) for key in Keys}
EDITING = {
    *("enter", "ctrl+j", "tab", "shift+tab", "backspace", "delete", "up", "down", "left", "right", "home", "end"),
    *("pageup", "pagedown"),
}
"""Keys that the prompt needs itself: like letters, they are the walk's where nobody types."""
ALWAYS = {"ctrl+c": "", "ctrl+p": "command_palette", "ctrl+q": "quit"}
"""Keys that Textual has for itself, and the command that has them too."""
PALETTE = shown("ctrl+p")


@dataclass(frozen=True)
class Keymap:
    """The commands with the keys that they have now, and a sentence on each key that is not as it was wanted."""

    commands: tuple[Command, ...] = COMMANDS
    training: tuple[Command, ...] = TRAINING
    problems: tuple[str, ...] = ()

    def first_keys(self, name: str) -> tuple[str, ...]:
        """Of a command's keys the first in the walk and the first everywhere, as people write them."""
        command = next(each for each in self.commands if each.id == name)
        return tuple(keys.split(", ")[0] for keys in (command.walk_keys, command.everywhere) if keys)

    def in_walk(self, name: str) -> str:
        """The key of a command in the walk; of one that has none, that of the palette, which has all commands."""
        return (*self.first_keys(name), PALETTE)[0]

    def in_prompt(self, name: str) -> str:
        """The same in the prompt."""
        return (PALETTE, *self.first_keys(name))[-1]

    def bindings(self) -> dict[str, str]:
        """The keys that have changed, by the ids of bindings, for ``App.set_keymap``."""
        changed = {}
        usual = {command.id: command for command in (*COMMANDS, *TRAINING)}
        for now in (*self.commands, *self.training):
            before = usual[now.id]
            if now.key != before.key:
                changed[now.walk_id] = now.key
            if now.everywhere_keys != before.everywhere_keys:
                changed[now.id] = now.everywhere_keys
        return {name: keys for name, keys in changed.items() if keys}


STANDARD = Keymap()


def either(*keys: str) -> str:
    """``Enter or n``, each of the keys once."""
    return " or ".join(dict.fromkeys(keys))


def read_keymap(wanted: Mapping[str, str]) -> Keymap:
    """The keymap that a config file's table ``keys`` asks for: by a command's name its keys, with commas between them.

    Letters take the place of the command's letter, other keys that of its other key; what is not given stays.
    """
    names = [command.id for command in (*COMMANDS, *TRAINING)]
    problems = [unknown("command", name, names) for name in wanted if name not in names]
    walk, training = (_with_keys(commands, wanted, problems) for commands in (COMMANDS, TRAINING))
    return Keymap(walk, training, tuple(problems))


def normalized(word: str) -> str:
    """A key as Textual names it: ``Ctrl+N`` is ``ctrl+n``, ``?`` is ``question_mark``. Raises ValueError for no key."""
    if len(word) == 1 and word.isprintable():
        name = unicodedata.name(word, word).lower().replace("-", "_").replace(" ", "_")
        return word if word.isalnum() else KEY_NAME_REPLACEMENTS.get(name, name)
    *modifiers, base = word.lower().split("+")
    base = ALIASES.get(base, base)
    key = "+".join([*sorted(modifiers), base])
    if not MODIFIERS.issuperset(modifiers) or not (base in NAMED or len(base) == 1 or _character(base)):
        raise ValueError(f"there is no key {word!r}")
    return SAME.get(key, key)


def _character(key: str) -> str:
    """The character that a key types; an empty string where it types none."""
    character = key_to_character(key)
    return character if character is not None and character.isprintable() else ""


def _of_the_walk(key: str) -> bool:
    return bool(_character(key)) or key in EDITING


def _with_keys(commands: Sequence[Command], wanted: Mapping[str, str], problems: list[str]) -> tuple[Command, ...]:
    """The commands of one screen, with the keys that are wanted for them."""
    asked = [command for command in commands if command.id in wanted]
    given = {command.id: _keys(command, wanted[command.id], problems) for command in asked}
    owners = _owners(given, problems)
    return tuple(_changed(command, given.get(command.id, ()), owners, problems) for command in commands)


def _keys(command: Command, text: str, problems: list[str]) -> tuple[str, ...]:
    """The keys that are wanted for a command, without those that it cannot have."""
    keys = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        try:
            key = normalized(word)
        except ValueError as error:
            problems.append(f"{command.id}: {error}")
            continue
        if ALWAYS.get(key, command.id) != command.id:
            problems.append(f"{command.id}: {shown(key)} is taken and cannot be given away")
        elif _of_the_walk(key) and not command.key:
            problems.append(f"{command.id}: {shown(key)} would be typed instead; it takes a key like F12")
        else:
            keys.append(key)
    return tuple(keys)


def _owners(given: Mapping[str, Iterable[str]], problems: list[str]) -> dict[str, str]:
    """The command that has each of the keys: the first that wants it."""
    owners: dict[str, str] = {}
    for name, keys in given.items():
        for key in keys:
            owner = owners.setdefault(key, name)
            if owner != name:
                problems.append(f"{shown(key)} is given to {owner} and to {name}; it is {owner}'s")
    return owners


def _changed(command: Command, given: Sequence[str], owners: Mapping[str, str], problems: list[str]) -> Command:
    """The command with the keys it is given, and without those that another one has now."""
    letters = [key for key in given if _of_the_walk(key)]
    others = [key for key in given if key not in letters]
    if not command.prompt_key:
        letters, others = letters + others, []
    walk, everywhere = letters or command.key.split(","), others or command.prompt_key.split(",")
    lost = [key for key in (*walk, *everywhere) if owners.get(key, command.id) != command.id]
    problems += [f"{shown(key)} is {owners[key]}'s now, no longer {command.id}'s" for key in lost if key not in given]
    walk, everywhere = ([key for key in keys if key not in lost] for keys in (walk, everywhere))
    return replace(command, key=",".join(walk), prompt_key=",".join(everywhere))
