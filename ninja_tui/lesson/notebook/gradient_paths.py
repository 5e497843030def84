"""Which tensor a gradient belongs to, by the two names: ``dW1`` and ``W1``, ``grads['W1']`` and ``params['W1']``."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ninja_tui.lesson.notebook.gradient_names import RARER_TEMPLATES, USUAL_TEMPLATES

_ACCESS = re.compile(r"\[(?P<key>[^\[\]]*)\]|\.(?P<attribute>\w+)")
_HOLDS_GRADIENTS = re.compile(
    r"(?:^|_)(?:d|g|gr|grads?|gradients?|gradient|derivs?|deltas?|back)(?:_|s?$)", re.IGNORECASE
)
FEWEST = 2
"""Gradients that a file must name so for a rarer pattern to count."""


@dataclass(frozen=True)
class Path:
    """A name and the way from it to a tensor: ``grads['W1']`` is ``grads`` and the key ``W1``."""

    root: str
    steps: tuple[str, ...] = ()
    index: str = ""

    @staticmethod
    @functools.lru_cache(maxsize=10_000)
    def of(text: str) -> Path:
        """The parts of ``text``; a number as the last key is ``index``."""
        root = re.match(r"\w+", text)
        if root is None:
            return Path(text)
        steps: list[str] = []
        index = ""
        for access in _ACCESS.finditer(text, root.end()):
            key = access["attribute"] or access["key"].strip("'\"")
            if access["attribute"] is None and re.fullmatch(r"-?\d+", key):
                index += f"[{key}]"
            else:
                steps.append(key)
        return Path(root[0], tuple(steps), index)

    @property
    def last(self) -> str:
        """The name that stands last in it, with its index."""
        return (self.steps[-1] if self.steps else self.root) + self.index

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be called where only a part of the way is told: ``fc.weight`` is ``weight`` and ``fc_weight``."""
        parts = [self.root, *self.steps]
        endings = [parts[at:] for at in range(len(parts))]
        joined = [joint.join(ending) + self.index for ending in reversed(endings) for joint in (".", "_", "")]
        return tuple(dict.fromkeys(joined))


@dataclass
class Naming:
    """How a file names gradients: patterns with a gap for the tensor's name, and pairs that it names side by side."""

    losses: Collection[str] = ()
    compared: Mapping[str, str] = field(default_factory=dict)
    _accepted: tuple[str, ...] = USUAL_TEMPLATES

    def learn(self, gradients: Iterable[str], nodes: Collection[str]) -> None:
        """Finds out which of the rarer patterns the file uses."""
        names = {Path.of(text).last for text in gradients}
        known = {name for node in nodes for name in Path.of(node).names}
        of_losses = [
            template
            for loss in self.losses
            for template in (f"d{loss}_d{{}}", f"d{loss}d{{}}", f"d{loss}_{{}}", f"d_{loss}_{{}}")
        ]
        accepted = list(USUAL_TEMPLATES)
        for template in (*of_losses, *RARER_TEMPLATES):
            uses = sum(template.format(name) in names for name in known)
            if (
                uses >= FEWEST
                or (uses and template in of_losses)
                or any(template.format(node) == gradient for gradient, node in self.compared.items())
            ):
                accepted.append(template)
        self._accepted = tuple(dict.fromkeys(accepted))

    def nodes_for(self, gradient: str, nodes: Iterable[str]) -> list[str]:
        """The tensors that ``gradient`` may belong to, by their names; none for what is no gradient."""
        nodes = list(nodes)
        if self.compared.get(gradient) in nodes:
            return [self.compared[gradient]]
        path = Path.of(gradient)
        wanted = self._stems(path)
        if not wanted:
            return []
        by_name: dict[str, list[str]] = {}
        for node in nodes:
            for name in Path.of(node).names:
                by_name.setdefault(name, []).append(node)
        for stem in wanted:
            if stem in by_name:
                return list(dict.fromkeys(by_name[stem]))
        return self._alike(wanted, by_name)

    def is_by_place(self, gradient: str) -> bool:
        """Whether only its place in a list tells the tensor: ``grads[0]`` may be that of ``parameters[0]``."""
        path = Path.of(gradient)
        numbered = bool(path.index) and not path.steps and gradient not in self.compared
        return numbered and _HOLDS_GRADIENTS.search(path.root) is not None

    def _stems(self, path: Path) -> list[str]:
        """The names that a tensor may have whose gradient is called ``path``."""
        name = path.last.removesuffix(path.index) if path.index else path.last
        stems = [stem + path.index for template in self._accepted if (stem := _gap(template, name))]
        if path.steps and (_HOLDS_GRADIENTS.search(path.root) or any(map(_HOLDS_GRADIENTS.search, path.steps[:-1]))):
            stems.append(path.last)
        elif not path.steps and path.index and _HOLDS_GRADIENTS.search(path.root):
            stems.append(f"parameters{path.index}")
            stems.append(f"params{path.index}")
        return stems

    def _alike(self, wanted: Iterable[str], by_name: Mapping[str, list[str]]) -> list[str]:
        """The tensors whose names differ in case and underscores alone, where that is one."""
        plain: dict[str, set[str]] = {}
        for name, nodes in by_name.items():
            plain.setdefault(_plain(name), set()).update(nodes)
        for stem in wanted:
            alike = plain.get(_plain(stem), set())
            if len(alike) == 1 and len(stem) > 1:
                return list(alike)
        return []


def _gap(template: str, name: str) -> str | None:
    """What fills the gap of ``template`` in ``name``; None where it does not fit."""
    before, _, after = template.partition("{}")
    if len(name) <= len(before) + len(after) or not name.startswith(before) or not name.endswith(after):
        return None
    return name[len(before) : len(name) - len(after)]


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
