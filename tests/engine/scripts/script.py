"""What a script of the corpus is: its text in parts, its gradients, and what may stand in a statement's place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CMP = """
def cmp(s, dt, t):
    ex = torch.all(dt == t.grad).item()
    app = torch.allclose(dt, t.grad)
    maxdiff = (dt - t.grad).abs().max().item()
    print(f'{s:15s} | exact: {str(ex):5s} | approximate: {str(app):5s} | maxdiff: {maxdiff}')


"""
"""The helper of the lecture."""

Wrong = tuple[str, str]
"""A statement gone wrong, and the kind of its mistake (empty: none that is clear)."""


@dataclass(frozen=True, eq=False)
class Script:
    """A network and its backward pass by hand.

    The text is ``setup``, ``forward`` (which ends in ``loss.backward()``), ``hand`` and ``compare``.
    ``gradients`` says which tensor each gradient belongs to, in the script's words: ``grads['W1']``, ``net.fc.weight``.
    ``right`` and ``wrong`` hold, for a statement of ``hand``, statements that may stand in its place.
    """

    name: str
    setup: str
    forward: str
    hand: str
    gradients: Mapping[str, str]
    compare: str = ""
    right: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wrong: Mapping[str, tuple[Wrong, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The script as it stands in a file."""
        return assembled(self, self.hand)


def assembled(script: Script, hand: str, compare: str | None = None) -> str:
    """The text of ``script`` with another backward pass, and another comparison if one is given."""
    end = script.compare if compare is None else compare
    parts = (script.setup, script.forward, hand, end)
    return "\n".join(part.strip("\n") + "\n" for part in parts if part.strip())


def compared(*pairs: str) -> str:
    """The calls of ``cmp`` for gradients named as their tensors are, with ``d`` in front."""
    return CMP + "\n".join(f"cmp('{name}', d{name}, {name})" for name in pairs)


def usual(*tensors: str) -> dict[str, str]:
    """The gradients ``d<tensor>`` of ``tensors``."""
    return {f"d{tensor}": tensor for tensor in tensors}
