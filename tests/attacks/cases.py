"""The corpus: small files that try one thing each, and the submissions that are made of them.

A file of ``corpus/<family>/`` begins with comments: a sentence, then perhaps options, one a line:

- ``form: answer`` or ``form: script``: only this form is made of it;
- ``machine: x86_64``: its system calls are those of that architecture;
- ``others: broken``: it breaks its own process so that its other answers need not pass; ``others: script`` says so of
  this form alone;
- ``limit: 3``: an answer may take that many seconds;
- ``passes``: what it does is allowed, and what it returns is the right answer;
- ``control``: it does no harm where nothing is locked, and has its effect there.

Then comes the body of a function, and perhaps sections: ``# %% end`` is put at the end of a script, and
``# %% beside: name`` is a file in the same folder. Words like ``@CANARY@`` are filled in (see ``machine.py``).
"""

from __future__ import annotations

import enum
import platform
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.helpers import right_answers

CORPUS = Path(__file__).parent / "corpus"
SECTION = re.compile(r"^# %% (.+)$", re.MULTILINE)
OPTION = re.compile(r"^# (form|machine|others|passes|control|limit)\b:? ?(\w*)$")
LIMIT = 10.0
"""Seconds that an answer may take."""
SHORT_LIMIT = 2.0
SHORT = frozenset({"hangs", "memory"})
"""Families in which an answer may take ``SHORT_LIMIT``."""


class Form(enum.StrEnum):
    """What the attack stands in."""

    ANSWER = "answer"
    SCRIPT = "script"


@dataclass(frozen=True)
class Case:
    """One file of the corpus."""

    family: str
    name: str
    body: str
    options: Mapping[str, str]
    end: str = ""
    beside: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.family}-{self.name}"

    @property
    def is_control(self) -> bool:
        """Whether it may be tried where nothing is locked."""
        return "control" in self.options

    def breaks_itself(self, form: Form) -> bool:
        """Whether its other answers need not pass."""
        return self.options.get("others") in ("broken", str(form))

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that are made of it."""
        return (Form(self.options["form"]),) if "form" in self.options else tuple(Form)

    @property
    def limit(self) -> float:
        """Seconds that an answer may take."""
        return float(self.options.get("limit", SHORT_LIMIT if self.family in SHORT else LIMIT))

    @property
    def runs_here(self) -> bool:
        """Whether its system calls are those of this machine."""
        return self.options.get("machine") in (None, platform.machine())

    def submission(self, form: Form) -> Submission:
        """The file that is handed in."""
        return _answers(self) if form is Form.ANSWER else _script(self)


@dataclass(frozen=True)
class Submission:
    """A file's text, and what its report has to say: nodes that pass, and those that must not."""

    text: str
    right: frozenset[str]
    wrong: frozenset[str]


def cases() -> list[Case]:
    """The whole corpus."""
    return [_read(path) for path in sorted(CORPUS.glob("*/*.py"))]


def submissions() -> Iterator[tuple[Case, Form]]:
    """Every file of the corpus in each of its forms."""
    for case in cases():
        if case.runs_here:
            for form in case.forms:
                yield case, form


def _read(path: Path) -> Case:
    body, *rest = SECTION.split(path.read_text(encoding="utf-8"))
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    options = {found[1]: found[2] for line in body.splitlines() if (found := OPTION.match(line))}
    beside = {title.removeprefix("beside: "): text for title, text in sections.items() if title != "end"}
    return Case(path.parent.name, path.stem, body, options, sections.get("end", ""), beside)


def _attack(case: Case) -> str:
    return f"def attack():\n{textwrap.indent(case.body, '    ')}\n    return 0\n"


ANSWERED = ("logprobs", "counts_sum_inv", "h", "W2")
ATTACKED = "probs"
WRONG = "b2"


def _answers(case: Case) -> Submission:
    """The attack as an answer among others, the last of which is wrong."""
    answers = right_answers()
    first, *others = (f"# %% {node}\n{answers[node]}\n" for node in ANSWERED)
    attack = f"# %% {ATTACKED}\n{_attack(case)}d{ATTACKED} = attack()\n"
    wrong = f"# %% {WRONG}\nd{WRONG} = torch.ones_like({WRONG})\n"
    right = frozenset(ANSWERED) | ({ATTACKED} if "passes" in case.options else frozenset())
    return Submission("".join(("# %% lesson: names\n", first, attack, *others, wrong)), right, frozenset({WRONG}))


SCRIPT = """\
torch.manual_seed(0)
X = torch.randn(8, 3)
Y = torch.randn(8, 2)
W = torch.randn(3, 2, requires_grad=True)
b = torch.zeros(2, requires_grad=True)
out = X @ W + b
diff = out - Y
loss = (diff ** 2).mean()
loss.backward()
ddiff = 2 * diff / diff.numel()
dW = X.T @ ddiff
db = ddiff.mean(0)
print(torch.allclose(dW, W.grad), torch.allclose(db, b.grad))
"""


def _script(case: Case) -> Submission:
    """The attack in the set-up of a script with two right gradients and a wrong one."""
    text = f"import torch\n{_attack(case)}attack()\n{SCRIPT}{case.end}"
    return Submission(text, frozenset({"diff", "W"}), frozenset({"b"}))
