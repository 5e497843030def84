"""The same gradient with other numbers: another seed, and, where that is wished, other sizes."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Cell, Lesson, NodeNote, Notes, Origin
from ninja_tui.lesson.practice.deck import Card
from ninja_tui.lesson.read import is_bundled
from ninja_tui.lesson.syntax.sizes import with_numbers, written_numbers

SMALLEST, LARGEST = 2, 1024
"""Numbers of a set-up between which one is taken for a size."""
LEAST, MOST = 0.6, 1.4
"""How many times as large a size becomes, at least and at most."""
_NO_SIZE = re.compile(r"seed|step|epoch|iter")
_HEADS = re.compile(r"(?:^|_)(?:n_?)?heads?$")
"""A count of parts into which another size is split: it stays, and what it divides, it still divides."""
BATCH = "batch_size"
_WORDS = dict(zip("two three four five six seven eight nine ten eleven twelve".split(), range(2, 13), strict=True)) | {  # noqa: SIM905
    "twenty": 20,
    "thirty": 30,
}
_NUMBER = re.compile(rf"(?<![\w.^])(\d+)|\b({'|'.join(_WORDS)})(?:e?s)?\b", re.IGNORECASE)
"""A number in a note, in figures or as a word: ``the two sixes``."""


@dataclass(frozen=True)
class Round:
    """One question of practice: the gradient of ``node``, of a lesson by its name or path, with another seed."""

    lesson: str
    node: str
    seed: int
    other_sizes: bool = False

    @classmethod
    def of(cls, card: Card, *, other_sizes: bool) -> Round:
        """The next round of a card. Its seed is another in each round, and the same wherever that is asked."""
        seed = zlib.crc32(f"{card.lesson}\n{card.node}\n{card.rounds}".encode())
        return cls(card.lesson, card.node, seed, other_sizes)


@dataclass(frozen=True)
class Variation:
    """What differs from the lesson: the ``seed``, None where its set-up has none to be replaced, and sizes by name.

    ``sizes`` has for each the lesson's own and the one in its place. ``problem`` says why there are not others.
    """

    seed: int | None
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    problem: str = ""


def key_of(lesson: str, read: Lesson) -> str:
    """What the deck calls a lesson that was opened as ``lesson``; empty for a network of one's own: it has no cards."""
    if read.origin is Origin.DISCOVERED:
        return ""
    return read.name if is_bundled(read.path) else str(Path(lesson).resolve())


def variations(lesson: Lesson, asked: Round) -> Iterator[tuple[Lesson, Variation]]:
    """The lesson as ``asked`` has it: the forms to be tried in turn until one runs.

    The last has the lesson's own sizes. It asks for one gradient, and its notes have no numbers that no longer hold.
    Raises UsageError where the lesson has no such node.
    """
    if asked.node not in {node.name for node in lesson.nodes}:
        raise UsageError(f"the lesson `{lesson.name}` has no `{asked.node}` to practise any more")
    lesson = replace(lesson, asks=(asked.node,))
    own = written_numbers(lesson.setup.source)
    seed = asked.seed if "seed" in own else None
    sizes = other_sizes(own, asked.seed) if asked.other_sizes else {}
    tried: list[dict[str, int]] = []
    for names in (sizes, {BATCH} & sizes.keys()):
        chosen = {name: size for name, size in sizes.items() if name in names}
        if chosen and chosen not in tried:
            tried.append(chosen)
            yield with_sizes(lesson, chosen), Variation(seed, {name: (own[name], chosen[name]) for name in chosen})
    problem = ""
    if asked.other_sizes:
        problem = "it does not run with other sizes" if tried else "its set-up names no sizes"
    yield lesson, Variation(seed, problem=problem)


def other_sizes(numbers: Mapping[str, int], seed: int) -> dict[str, int]:
    """Another size for each of ``numbers`` that is one: near the old one, and unlike all others.

    Counts of heads stay as they are, and what may be split into heads can still be: a multiple stays a multiple.
    """
    draw = random.Random(seed)
    heads = [number for name, number in numbers.items() if _HEADS.search(name) and number > 1]
    taken = set(numbers.values())
    sizes: dict[str, int] = {}
    for name, old in numbers.items():
        if not SMALLEST <= old <= LARGEST or _NO_SIZE.search(name) or _HEADS.search(name):
            continue
        is_split = name != BATCH and "head" not in name
        divisors = [count for count in heads if is_split and old % count == 0]
        near = range(max(SMALLEST, round(old * LEAST)), max(round(old * MOST), old + 1) + 1)
        fitting = [size for size in near if size not in taken and all(size % count == 0 for count in divisors)]
        if fitting:
            sizes[name] = draw.choice(fitting)
            taken.add(sizes[name])
    return sizes


def with_sizes(lesson: Lesson, sizes: Mapping[str, int]) -> Lesson:
    """``lesson`` with these sizes in its set-up, and without those notes that tell others."""
    setup = lesson.setup
    pieces = tuple(piece.with_code(with_numbers(piece.code, sizes)) for piece in setup.pieces)
    cell = Cell(setup.title, with_numbers(setup.source, sizes), setup.line, pieces)
    old = {number for name, number in lesson.numbers.items() if name in sizes}
    return replace(lesson, setup=cell, numbers=lesson.numbers | dict(sizes), notes=_notes(lesson.notes, old))


def _notes(notes: Notes, old: set[int]) -> Notes:
    """The notes in which none of the ``old`` sizes stands, nor a number that may have come of them."""

    def holds(text: str) -> bool:
        told = (int(figures) if figures else _WORDS[word.lower()] for figures, word in _NUMBER.findall(text))
        return not any(number >= 10 or number in old for number in told)

    def kept(note: NodeNote) -> NodeNote:
        shape, why, notice = (text if holds(text) else "" for text in (note.shape, note.why, note.notice))
        return NodeNote(shape, note.hints, why, notice, note.unknown)

    return replace(
        notes,
        intro=notes.intro if holds(notes.intro) else "",
        forward={name: text for name, text in notes.forward.items() if holds(text)},
        turn=notes.turn if holds(notes.turn) else "",
        backward={name: kept(note) for name, note in notes.backward.items() if all(map(holds, note.hints))},
    )
