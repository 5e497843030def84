"""Sentences on practice."""

from __future__ import annotations

from ninja_tui.lesson.practice.deck import INTERVALS
from ninja_tui.lesson.practice.variation import Variation
from ninja_tui.tui.keymap import Keymap, either
from ninja_tui.tui.outlook import Outlook

NOT_SAVED = "practice: your solutions file stays as it is"


def difference(variation: Variation) -> str:
    """What differs from the lesson: ``seed 3735928559, n_embd 10→7, batch_size 32→22``."""
    if variation.seed is None:
        seed = "the lesson's own numbers: its set-up has no seed"
    else:
        seed = f"other numbers: seed {variation.seed}"
    sizes = [f"{name} {old}→{new}" for name, (old, new) in variation.sizes.items()]
    problem = [f"no other sizes: {variation.problem}"] if variation.problem else []
    return ", ".join([seed, *sizes, *problem])


def after_round(gradient: str, outlook: Outlook, keymap: Keymap, *, passes: bool) -> str:
    """At the end of a round: when the gradient comes again, and what is next."""
    again = f", and is asked again {outlook.again}" if outlook.again else ""
    first = (
        f"{gradient} passes{again}"
        if passes
        else f"{gradient} is still to do: {keymap.in_walk('back')} goes back to it"
    )
    if outlook.due:
        practise = keymap.in_walk("practise")
        key = either("Enter", practise) if passes else practise
        return f"{first}. {outlook.due} more {'is' if outlook.due == 1 else 'are'} due: {key} takes the next"
    later = f"; next: {outlook.next}" if outlook.next else ""
    return f"{first}. Nothing more is due{later}. {keymap.in_walk('lessons')} goes to the lessons"


def at_the_end(gradient: str, keymap: Keymap) -> str:
    """Where ``gradient`` would be asked again, and the round is at its end."""
    back, again = keymap.in_walk("back"), keymap.in_walk("again")
    return f"this round is at its end: {back} goes back to {gradient}, and there {again} asks it again"


def help_taken(gradient: str, hints: int, *, revealed: bool) -> str:
    """What a round took, and what that means for the next."""
    days = f"{', '.join(map(str, INTERVALS[:-1]))} and {INTERVALS[-1]} days"
    taken = ["the answer"] * revealed + [f"{hints} hint{'s' if hints > 1 else ''}"] * (hints > 0)
    took = (
        f"`{gradient}` took {' and '.join(taken)}, and comes back sooner." if taken else f"`{gradient}` took no help."
    )
    return f"{took}\n\nWhat passes without help is asked again after {days}, each time later."


def due(outlook: Outlook, keymap: Keymap) -> tuple[str, ...]:
    """What is due, where a walk begins; nothing where nothing is."""
    if not outlook.due:
        return ()
    return (f"{outlook.due} due for practice: {keymap.in_walk('practise')} asks them again, with other numbers",)
