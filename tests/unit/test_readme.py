"""What README says and the code knows."""

from __future__ import annotations

import re
from pathlib import Path

from ninja_tui.engine.protocol.verdict import Kind

README = Path(__file__).parents[2] / "README.md"


def test_the_kinds_of_mistake_in_readme_are_those_that_exist() -> None:
    text = README.read_text("utf-8")
    (listed,) = re.findall(r"A wrong answer gets a kind .*?: (.*?)\. A tensor", text, re.DOTALL)
    kinds = re.findall(r"`([\w-]+)`", listed)
    assert len(set(kinds)) == len(kinds)
    assert set(kinds) == set(Kind) - {Kind.ALIASING}  # that one is a warning beside a pass
