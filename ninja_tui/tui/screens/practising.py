"""Practice on the screen of the walk: what happens is recorded for the deck, and what is due is asked."""

from __future__ import annotations

from dataclasses import replace

from textual.message import Message

from ninja_tui.engine import events
from ninja_tui.engine.backend import Backend
from ninja_tui.lesson.practice.deck import nothing_due
from ninja_tui.lesson.practice.variation import Round, key_of
from ninja_tui.tui.config_file import Config
from ninja_tui.tui.history import History
from ninja_tui.tui.practice.keeper import DeckKeeper
from ninja_tui.tui.practice.recorder import Recorder
from ninja_tui.tui.practice.texts import at_the_end
from ninja_tui.tui.screens.keeping import KeepingScreen
from ninja_tui.tui.session import Phase, Session


class PractisingScreen(KeepingScreen):
    """In a lesson it records what belongs in the deck. With ``asked`` it is practice, of one gradient."""

    class Asked(Message):
        """A gradient is to be practised."""

        def __init__(self, asked: Round) -> None:
            super().__init__()
            self.asked = asked

    def __init__(
        self,
        backend: Backend,
        history: History,
        lesson: str,
        config: Config,
        *,
        keeper: DeckKeeper,
        asked: Round | None = None,
    ) -> None:
        super().__init__(backend, history, lesson, config)
        self._lesson, self._keeper, self._asked = lesson, keeper, asked
        self._recorder: Recorder | None = None

    def begin(self, event: events.LessonRead) -> Session:
        """In practice at the gradient that is asked for."""
        session = super().begin(event)
        if event.variation is not None:
            session = session.practised(event.variation)
        key = self._asked.lesson if self._asked else key_of(self._lesson, event.lesson)
        begins, self._recorder = self._recorder is None, None
        if key:
            self._recorder = Recorder(key, self._keeper.today, in_practice=self._asked is not None)
        if self._asked and self._recorder and begins:
            self._keeper.record([self._recorder.begun(self._asked.node)])
        return session.with_outlook(self._keeper.outlook(self._asked))

    def watch_session(self, before: Session | None, after: Session | None) -> None:
        """Records what has happened to gradients."""
        if self._recorder is None or before is None or after is None or before.lesson is not after.lesson:
            return
        reviews = self._recorder.reviews(before, after)
        if reviews:
            self._keeper.record(reviews)
            self.call_later(self.show_outlook)  # what has changed the session goes on with it first

    def show_outlook(self) -> None:
        """Shows what the deck has now."""
        if self.session is None or not self._is_whole:
            return
        outlook = self._keeper.outlook(self._asked)
        if outlook != self.session.outlook:
            self.session = self.session.with_outlook(outlook)
            if self.session.node is None:
                self._show_place(self.session)
            self._update_title()

    def action_practise(self) -> None:
        """Asks for what is due, but for what is asked already."""
        following = self._keeper.next_round(self._asked, other_sizes=self._config.settings.other_sizes)
        if following is not None:
            self.ask(following)
        elif self._is_still_asked:
            self._toast("this is the only gradient that is due")
        else:
            self._toast(nothing_due(self._keeper.askable, self._keeper.today()))

    def action_again(self) -> None:
        """Asks for the current node again, once it has passed."""
        session = self.session
        if session is not None and self._asked and session.phase is Phase.FINISH:
            self._toast(at_the_end(session.lesson.gradients[self._asked.node], self._config.keymap))
            return
        if session is None or session.node is None:
            self._toast("a gradient can be practised again on the way back, where its node is")
            return
        node, entry = session.node, session.entry(session.node.name)
        passes = entry.verdict is not None and entry.verdict.passed
        if not (passes or self._asked):
            self._toast(f"{node.gradient} is practised again once it passes")
            return
        lesson = self._asked.lesson if self._asked else key_of(self._lesson, session.lesson)
        if not lesson:
            self._toast("practice is for lessons; a network of your own can be run with another --seed")
            return
        card = self._keeper.deck.card(lesson, node.name)
        self.ask(Round.of(card, other_sizes=self._config.settings.other_sizes))

    def action_other_sizes(self) -> None:
        """Practises with other sizes too, or no more."""
        wished = not self._config.settings.other_sizes
        self._config.keep(replace(self._config.settings, other_sizes=wished))
        state = "with other sizes too" if wished else "with the lesson's own sizes"
        self._toast(f"practice {state}, from the next question on")

    def ask(self, asked: Round) -> None:
        """Has a gradient asked in the place of what is open."""
        self.post_message(self.Asked(asked))

    @property
    def _is_still_asked(self) -> bool:
        """Whether this is practice, and the gradient has not passed."""
        return self._asked is not None and self.session is not None and self.session.passed == 0

    @property
    def _is_over(self) -> bool:
        """Whether practice is at its end, and the gradient has passed."""
        at_end = self.session is not None and self.session.phase is Phase.FINISH
        return at_end and self._asked is not None and not self._is_still_asked
