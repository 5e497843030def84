"""The keys of the app in a browser: none is named that does not arrive, and no command is left without one."""

from __future__ import annotations

from ninja_tui.tui.browser import ABSENT, TAKEN, in_browser
from ninja_tui.tui.commands import COMMANDS, TRAINING, key_table
from ninja_tui.tui.keymap import STANDARD, Keymap, normalized, read_keymap

BROWSER = in_browser(STANDARD)


def told(keymap: Keymap) -> set[str]:
    """The keys with Ctrl that help and palette name."""
    rows = [", ".join(row[:2]) for row in key_table(keymap.commands, keymap.training)]
    return {normalized(key) for row in rows for key in row.split(", ") if key.startswith("Ctrl+")}


def test_no_key_is_told_that_a_browser_keeps() -> None:
    assert told(STANDARD) & TAKEN == {"ctrl+t", "ctrl+n", "ctrl+q"}
    assert told(BROWSER) & TAKEN == set()
    assert "ctrl+p" in told(BROWSER)


def test_each_command_keeps_a_key_in_the_walk_and_one_in_the_prompt() -> None:
    assert {each.id for each in COMMANDS} - {each.id for each in BROWSER.commands} == ABSENT
    for before, now in zip((each for each in COMMANDS if each.id not in ABSENT), BROWSER.commands, strict=True):
        assert now.key == before.key
        assert bool(now.everywhere_keys) == bool(before.everywhere_keys)
    assert [each.everywhere for each in BROWSER.training] == [each.everywhere for each in TRAINING]


def test_what_took_a_key_from_the_browser_has_its_letter_with_alt() -> None:
    assert BROWSER.bindings() == {"train": "alt+g", "poke": "alt+x", "quit": "alt+q"}
    assert BROWSER.first_keys("train") == ("g", "Alt+G")
    assert STANDARD.first_keys("train") == ("g", "Ctrl+T")


def test_keys_of_ones_own_stay() -> None:
    own = in_browser(read_keymap({"train": "f6", "hint": "ctrl+n,ctrl+k"}))
    assert own.first_keys("train") == ("g", "F6")
    assert own.first_keys("hint") == ("h", "Ctrl+K")
