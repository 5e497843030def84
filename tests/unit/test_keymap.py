"""Keys of a person's own: which key a command has then, and what is said of keys that it cannot have."""

from __future__ import annotations

import pytest

from ninja_tui.tui.commands import COMMANDS, TRAINING, Command, key_table, shown
from ninja_tui.tui.keymap import Keymap, normalized, read_keymap


def command(keymap: Keymap, name: str) -> Command:
    return next(each for each in (*keymap.commands, *keymap.training) if each.id == name)


def keys(wanted: dict[str, str], name: str = "on") -> tuple[str, str]:
    """The command's keys in the walk and everywhere; nothing may be wrong with what is wanted."""
    keymap = read_keymap(wanted)
    assert keymap.problems == ()
    return command(keymap, name).key, command(keymap, name).prompt_key


def test_without_keys_of_ones_own_all_is_as_it_was() -> None:
    keymap = read_keymap({})
    assert (keymap.commands, keymap.training, keymap.problems) == (COMMANDS, TRAINING, ())
    assert keymap.bindings() == {}


def test_every_command_has_a_name_of_its_own() -> None:
    names = [each.id for each in (*COMMANDS, *TRAINING)]
    assert len(names) == len(set(names))


def test_letters_take_the_place_of_the_letter_and_other_keys_that_of_the_other() -> None:
    assert keys({"on": "f11, Ctrl+K"}) == ("n", "f11,ctrl+k")
    assert keys({"on": "j"}) == ("j", "f8")
    assert keys({"on": "j, f11"}) == ("j", "f11")
    assert keys({"prompt": "f11"}, "prompt") == ("f11", "")
    assert read_keymap({"on": "j,f11"}).bindings() == {"on.walk": "j", "on": "f11,alt+j"}


def test_a_sentence_names_the_first_key_or_the_palettes_where_there_is_none() -> None:
    keymap = read_keymap({"on": "j, x, f11, f10", "back": "o", "turn": "p"})
    assert (keymap.in_walk("on"), keymap.in_prompt("on")) == ("j", "F11")
    assert (keymap.in_walk("back"), keymap.in_prompt("back")) == ("o", "Alt+O")
    assert (keymap.in_walk("walk"), keymap.in_prompt("walk")) == ("Esc", "Esc")
    assert (keymap.in_walk("questions"), keymap.in_prompt("questions")) == ("Ctrl+P", "Ctrl+P")
    assert (keymap.in_walk("poke"), keymap.in_prompt("view")) == ("Ctrl+N", "Alt+V")


def test_keys_that_the_prompt_needs_are_the_walks_only() -> None:
    assert keys({"on": "down"}) == ("down", "f8")
    keymap = read_keymap({"on": "ctrl+i"})
    assert (command(keymap, "on").key, command(keymap, "on").prompt_key) == ("tab", "f8")
    assert keymap.problems == ("Tab is on's now, no longer pane's",)


@pytest.mark.parametrize(
    ("word", "key"),
    [("F8", "f8"), ("Ctrl+N", "ctrl+n"), ("esc", "escape"), ("?", "question_mark"), ("/", "slash"), ("N", "N"),
     ("shift+ctrl+left", "ctrl+shift+left"), ("ctrl+m", "enter"), ("ö", "ö"), ("[", "left_square_bracket")],
)  # fmt: skip
def test_keys_may_be_written_as_people_write_them(word: str, key: str) -> None:
    assert normalized(word) == key


@pytest.mark.parametrize("word", ["f99", "ctrl+", "strg+n", "nothing", "ctrl+foo"])
def test_what_is_no_key_is_told(word: str) -> None:
    assert read_keymap({"on": word}).problems == (f"on: there is no key {word!r}",)
    assert read_keymap({"on": word}).bindings() == {}


def test_an_unknown_command_is_told_with_the_nearest() -> None:
    assert read_keymap({"hnt": "j"}).problems == ("there is no command 'hnt'; did you mean 'hint'?",)


def test_a_key_given_to_two_commands_is_the_firsts() -> None:
    keymap = read_keymap({"on": "f11", "hint": "f11,f12", "pane": "f10"})
    assert keymap.problems[0] == "F11 is given to on and to hint; it is on's"
    assert command(keymap, "on").prompt_key == "f11"
    assert command(keymap, "hint").prompt_key == "f12"


def test_a_key_of_another_command_is_taken_from_it_and_that_is_told() -> None:
    keymap = read_keymap({"hint": "f8,n"})
    assert keymap.problems == ("n is hint's now, no longer on's", "F8 is hint's now, no longer on's")
    assert (command(keymap, "on").key, command(keymap, "on").prompt_key) == ("", "")
    keymap = read_keymap({"hint": "f8", "on": "f4"})
    assert keymap.problems == ()
    assert (command(keymap, "hint").prompt_key, command(keymap, "on").prompt_key) == ("f8", "f4")


def test_the_training_has_keys_of_its_own() -> None:
    keymap = read_keymap({"go": "f9", "upstream": "f9"})
    assert keymap.problems == ()
    assert command(keymap, "go").prompt_key == "f9"


def test_a_letter_for_a_command_that_is_needed_while_one_types_is_told() -> None:
    assert read_keymap({"walk": "x"}).problems == ("walk: x would be typed instead; it takes a key like F12",)


def test_keys_that_textual_keeps_for_itself_are_told() -> None:
    assert read_keymap({"on": "ctrl+q"}).problems == ("on: Ctrl+Q is taken and cannot be given away",)
    assert read_keymap({"quit": "ctrl+q,f11"}).problems == ()


def test_keys_are_shown_as_people_write_them() -> None:
    assert shown("ctrl+g") == "Ctrl+G"
    assert shown("x,f11") == "x, F11"
    assert shown("left_square_bracket") == "["
    assert ("j, Enter", "F11, Alt+J", COMMANDS[0].title) in key_table(read_keymap({"on": "j,f11"}).commands)
