"""Sentences on practice."""

from __future__ import annotations

from ninja_tui.lesson.practice.variation import Variation
from ninja_tui.tui.practice.outlook import Outlook

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


def after_round(gradient: str, outlook: Outlook, *, passes: bool) -> str:
    """At the end of a round: when the gradient comes again, and what is next."""
    again = f", and is asked again {outlook.again}" if outlook.again else ""
    first = f"{gradient} passes{again}" if passes else f"{gradient} is still to do: p goes back to it"
    if outlook.due:
        key = "Enter or c" if passes else "c"
        return f"{first}. {outlook.due} more {'is' if outlook.due == 1 else 'are'} due: {key} takes the next"
    later = f"; next: {outlook.next}" if outlook.next else ""
    return f"{first}. Nothing more is due{later}. l goes to the lessons"


def due(outlook: Outlook) -> tuple[str, ...]:
    """What is due, where a walk begins; nothing where nothing is."""
    return (f"{outlook.due} due for practice: c asks them again, with other numbers",) if outlook.due else ()
