"""The session as one immutable snapshot, and its transitions. No widgets and no PyTorch here."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ninja_tui.engine.evaluate.bench import Facts
from ninja_tui.engine.protocol.verdict import Status, Upstream, Verdict
from ninja_tui.engine.protocol.views import View
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.lesson.hints.build import rule_note
from ninja_tui.lesson.model import Lesson, Node, NodeNote, Statement
from ninja_tui.lesson.practice.variation import Variation
from ninja_tui.lesson.solutions import SavedAnswer
from ninja_tui.tui.keymap import STANDARD, Keymap
from ninja_tui.tui.outlook import NOTHING_DUE, Outlook


class Phase(enum.Enum):
    """Where the walk is."""

    FORWARD = "forward"
    TURN = "turn"
    BACKWARD = "backward"
    FINISH = "finish"


Shape = tuple[int, ...]

NEXT_VIEW = {
    View.VALUE: View.YOURS,
    View.YOURS: View.DIFFERENCE,
    View.DIFFERENCE: View.VALUE,
    View.AUTOGRAD: View.VALUE,
}

NEXT_UPSTREAM = {
    Upstream.PASSING: Upstream.YOURS,
    Upstream.YOURS: Upstream.REFERENCE,
    Upstream.REFERENCE: Upstream.PASSING,
}


class Mark(enum.Enum):
    """The state of a node's answer, as the sign that stands for it in the gutter and the table."""

    OPEN = "·"
    EXACT = "="
    APPROXIMATE = "≈"
    WRONG = "✗"


class Keeping(enum.Enum):
    """Where submitted code is."""

    SAVED = "on the disk"
    SAVING = "on its way there"
    UNSAVED = "in memory only"


@dataclass(frozen=True)
class Entry:
    """The answer to one node: submitted code, its verdict once it is known, and how many hints were shown."""

    code: str = ""
    verdict: Verdict | None = None
    revealed: bool = False
    hints: int = 0
    keeping: Keeping = Keeping.SAVED

    @property
    def mark(self) -> Mark:
        """The sign that stands for it; what is on its way to the disk counts as open."""
        if self.verdict is None or self.verdict.status is Status.MISSING or self.keeping is Keeping.SAVING:
            return Mark.OPEN
        if not self.verdict.passed:
            return Mark.WRONG
        return Mark.EXACT if self.verdict.exact else Mark.APPROXIMATE


@dataclass(frozen=True)
class Session:
    """``position`` counts the steps of the whole walk: statements, the turn, nodes, the finish."""

    lesson: Lesson
    entries: Mapping[str, Entry] = field(default_factory=dict)
    position: int = 0
    view: View = View.VALUE
    view_is_chosen: bool = False
    upstream: Upstream = Upstream.PASSING
    slices: str = ""
    facts: Facts | None = None
    solution: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    catalogue: tuple[LessonSummary, ...] = ()
    questions: bool = False
    """Whether the walk forward asks for a shape before it shows the tensor."""
    other_app: int | None = None
    """The process of another app that has the solutions file open."""
    shape_answers: Mapping[int, Shape | None] = field(default_factory=dict)
    """By statement what was answered to its question; None where its shape was shown without an answer."""
    practice: Variation | None = None
    """What differs from the lesson, in practice; None in the lesson itself."""
    outlook: Outlook = NOTHING_DUE
    keymap: Keymap = STANDARD
    """The keys that sentences name."""

    @classmethod
    def begin(
        cls, lesson: Lesson, saved: Mapping[str, SavedAnswer], solution: Mapping[str, tuple[str, ...]]
    ) -> Session:
        """At the first statement; or, where something is saved, at the first node that is not answered.

        ``solution`` holds the lesson's own answers, each in one form or two, to be revealed.
        """
        entries = {
            node: Entry(answer.code, revealed=answer.revealed, hints=answer.hints) for node, answer in saved.items()
        }
        session = cls(lesson, entries, solution=solution)
        if not any(entry.code for entry in entries.values()):
            return session
        open_nodes = [node for node in lesson.asks if not session.entry(node).code]
        return session.at_node(open_nodes[0]) if open_nodes else session.at_node(lesson.asks[-1])

    @property
    def last(self) -> int:
        """The position of the finish."""
        return len(self.lesson.statements) + len(self.lesson.asks) + 1

    @property
    def phase(self) -> Phase:
        """Where the walk is."""
        turn = len(self.lesson.statements)
        if self.position < turn:
            return Phase.FORWARD
        if self.position == turn:
            return Phase.TURN
        return Phase.FINISH if self.position == self.last else Phase.BACKWARD

    @property
    def node(self) -> Node | None:
        """The node of the walk back."""
        if self.phase is not Phase.BACKWARD:
            return None
        return self.lesson.node(self.lesson.asks[self.position - len(self.lesson.statements) - 1])

    @property
    def statement(self) -> Statement | None:
        """The statement that is current: on the way back the one that binds the node, if one does."""
        if self.phase is Phase.FORWARD:
            return self.lesson.statements[self.position]
        if self.node is None:
            return self.lesson.statements[-1]
        return None if self.node.statement is None else self.lesson.statements[self.node.statement]

    @property
    def tensor(self) -> str:
        """The name of the tensor in sight."""
        if self.node is not None:
            return self.node.name
        return self.statement.binds[0] if self.statement else self.lesson.loss

    def entry(self, node: str) -> Entry:
        """The answer to ``node``; an empty one where there is none."""
        return self.entries.get(node, Entry())

    def moved(self, steps: int) -> Session:
        """So many steps on, or back; it stops at both ends."""
        return self.at(self.position + steps)

    def at(self, position: int) -> Session:
        """At that position, with the tensor itself in sight."""
        position, turn = max(0, min(position, self.last)), len(self.lesson.statements)
        answers = self.shape_answers
        if position > turn and len(answers) < turn:  # the walk back shows all shapes
            answers = {**dict.fromkeys(range(turn)), **answers}
        return replace(self, position=position, view=View.VALUE, view_is_chosen=False, slices="", shape_answers=answers)

    def at_turn(self) -> Session:
        """At the turn."""
        return self.at(len(self.lesson.statements))

    def at_node(self, node: str) -> Session:
        """At ``node`` on the way back."""
        return self.at(len(self.lesson.statements) + 1 + self.lesson.asks.index(node))

    def at_line_of(self, statement: Statement) -> Session:
        """At ``statement``; on the way back at the node that it binds, if the lesson asks for one."""
        nodes = [name for name in statement.binds if name in self.lesson.asks]
        backward = self.phase in (Phase.BACKWARD, Phase.FINISH)
        return self.at_node(nodes[0]) if backward and nodes else self.at(statement.index)

    def opened(self, facts: Facts) -> Session:
        """With what running the lesson gave."""
        return replace(self, facts=facts)

    @cached_property
    def hidden(self) -> Mapping[str, Shape]:
        """The shapes that questions keep back, by name: of the current statement, and of those ahead."""
        if not self.questions or self.phase is not Phase.FORWARD:
            return {}
        ahead = self.lesson.statements[self.position :]
        asked = [each for each in ahead if each.index not in self.shape_answers and self._is_worth_asking(each)]
        names = [name for statement in asked for name in statement.binds]
        return {name: self._all_shapes[name] for name in names if name in self._all_shapes}

    def _is_worth_asking(self, statement: Statement) -> bool:
        """Not where it binds no tensor, or is about single numbers only."""
        shapes = self._all_shapes
        return statement.binds[0] in shapes and any(shapes.get(name) for name in (*statement.binds, *statement.reads))

    @property
    def asks_shape(self) -> bool:
        """Whether the shape of the tensor in sight is a question, to which there is no answer yet."""
        return self.tensor in self.hidden

    def answered(self, shape: Shape | None) -> Session:
        """With an answer to the question, or without one, and the tensor in sight."""
        return replace(self, shape_answers={**self.shape_answers, self.position: shape})

    def with_questions(self, *, questions: bool) -> Session:
        """With questions on the way forward or without; a tensor that was in sight before them is no question."""
        in_sight = {self.position: None} if self.phase is Phase.FORWARD and self.facts is not None else {}
        return replace(self, questions=questions, shape_answers={**in_sight, **self.shape_answers})

    def practised(self, variation: Variation) -> Session:
        """In practice, at the node that is asked for."""
        return replace(self, practice=variation).at_node(self.lesson.asks[0])

    def with_outlook(self, outlook: Outlook) -> Session:
        """With what the deck has for today and later."""
        return replace(self, outlook=outlook)

    def with_catalogue(self, lessons: tuple[LessonSummary, ...]) -> Session:
        """With the lessons that there are."""
        return replace(self, catalogue=lessons)

    def showing(self, view: View) -> Session:
        """With the view of the node's tensor that the person has chosen."""
        return replace(self, view=view, view_is_chosen=True)

    def tried(self, verdict: Verdict) -> Session:
        """With the view that fits the verdict on the code in the prompt, unless one was chosen here.

        That is the difference where the gradient is wrong and can be compared; an error leaves the view as it is.
        """
        if self.view_is_chosen or not (verdict.passed or verdict.maxdiff is not None):
            return self
        view = View.VALUE if verdict.passed else View.DIFFERENCE
        return self if view is self.view else replace(self, view=view)

    @property
    def predictor(self) -> View:
        """Whose gradient predicts what a nudge does: the person's; autograd's, once the answer was revealed instead."""
        entry = self.entry(self.tensor)
        return View.AUTOGRAD if entry.revealed and not entry.code else View.YOURS

    def sliced(self, slices: str) -> Session:
        """With a part of the tensor in sight, such as ``3, :``."""
        return replace(self, slices=slices)

    def with_next_upstream(self) -> Session:
        """With the next choice of upstream gradients."""
        return self.with_upstream(NEXT_UPSTREAM[self.upstream])

    def with_upstream(self, upstream: Upstream) -> Session:
        """With that choice of upstream gradients."""
        return replace(self, upstream=upstream)

    @property
    def walk(self) -> tuple[str, ...]:
        """The nodes in walk order."""
        return tuple(node.name for node in self.lesson.nodes)

    def submitted(self, node: str, code: str) -> Session:
        """With ``code`` submitted for ``node``, on its way to the disk, its verdict still to come."""
        return self._with(node, replace(self.entry(node), code=code, verdict=None, keeping=Keeping.SAVING))

    def saved(self, node: str, answer: SavedAnswer) -> Session:
        """With ``answer`` on the disk, if it is what was last submitted for ``node``."""
        entry = self.entry(node)
        return self._with(node, replace(entry, keeping=Keeping.SAVED)) if entry.code == answer.code else self

    def not_saved(self, node: str) -> Session:
        """With the answer to ``node`` in memory only."""
        return self._with(node, replace(self.entry(node), keeping=Keeping.UNSAVED))

    def taken(self, node: str, answer: SavedAnswer) -> Session:
        """With the answer to ``node`` that another program wrote, or without one where that has no code."""
        entry = self.entry(node)
        verdict = entry.verdict if entry.code == answer.code else None
        hints = max(entry.hints, answer.hints)
        return self._with(node, Entry(answer.code, verdict, entry.revealed or answer.revealed, hints))

    @cached_property
    def unsaved(self) -> tuple[str, ...]:
        """The nodes whose answers are in memory only, in walk order."""
        return tuple(node for node in self.walk if self.entry(node).keeping is Keeping.UNSAVED)

    def with_other_app(self, process: int | None) -> Session:
        """With another app that has the solutions file open, or none."""
        return replace(self, other_app=process)

    def judged(self, node: str, code: str, verdict: Verdict) -> Session:
        """With the verdict on ``node``, if ``code`` is what was submitted for it."""
        entry = self.entry(node)
        if entry.code != code or entry.verdict == verdict:
            return self
        return self._with(node, replace(entry, verdict=verdict))

    def revealed(self, node: str) -> Session:
        """With the answer to ``node`` revealed."""
        return self._with(node, replace(self.entry(node), revealed=True))

    def note(self, node: str) -> NodeNote:
        """The lesson's note on ``node``, or one drawn from the operations that read it."""
        note = self.lesson.notes.backward.get(node)
        return note or rule_note(self.lesson, self.lesson.node(node), self.shapes)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shapes of the lesson's tensors that are to be seen, by name; empty until the lesson has run."""
        return {name: shape for name, shape in self._all_shapes.items() if name not in self.hidden}

    @cached_property
    def _all_shapes(self) -> dict[str, Shape]:
        names = self.facts.names if self.facts else {}
        return {name: shape for name, shape in names.items() if isinstance(shape, tuple)}

    def hinted(self, node: str) -> Session | None:
        """With one more hint to ``node``; None where there is none."""
        entry = self.entry(node)
        if entry.hints >= len(self.note(node).hints):
            return None
        return self._with(node, replace(entry, hints=entry.hints + 1))

    def rechecked(self, verdicts: tuple[Verdict, ...]) -> Session:
        """With verdicts on the answers in the file, where that has what was submitted last."""
        session = self
        for verdict in verdicts:
            if session.entry(verdict.node).keeping is not Keeping.SAVED:
                continue
            session = session._with(verdict.node, replace(session.entry(verdict.node), verdict=verdict))
        return session

    def _with(self, node: str, entry: Entry) -> Session:
        return replace(self, entries={**self.entries, node: entry})

    def verdicts(self) -> dict[str, Verdict]:
        """All verdicts, by node."""
        return {node: entry.verdict for node, entry in self.entries.items() if entry.verdict is not None}

    @property
    def not_passed(self) -> tuple[str, ...]:
        """The nodes that are open or wrong, in walk order."""
        return tuple(node for node in self.lesson.asks if self.entry(node).mark in (Mark.OPEN, Mark.WRONG))

    @cached_property
    def passed(self) -> int:
        """How many nodes pass."""
        return sum(1 for node in self.lesson.asks if self.entry(node).mark in (Mark.EXACT, Mark.APPROXIMATE))
