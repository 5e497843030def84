"""README keeps to one screen, and what it links to is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
LINES = 60


def test_readme_is_one_screen_with_one_picture() -> None:
    assert len(README.splitlines()) <= LINES
    assert len(re.findall(r"!\[[^]]*\]\(", README)) == 1


def test_what_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
