"""The pictures of the documentation show the app as it is: each is drawn again, and its text compared.

A figure may be another on another processor. Where a picture differs, ``make pictures`` draws it anew; look at it.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from tests.app.picture import DRAWN, PICTURES

pytestmark = [pytest.mark.processes, pytest.mark.slow]
A_TEXT = re.compile(r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')
MEASURED = "train"
"""The picture that is full of times, and takes many seconds."""
BY_HAND = "icon"


def rows(picture: str) -> list[str]:
    """The lines of text in a picture, without its figures."""
    lines: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in A_TEXT.findall(picture):
        lines.setdefault(float(y), []).append((float(x), html.unescape(text)))
    whole = [" ".join(text for _, text in sorted(line)) for _, line in sorted(lines.items())]
    return [" ".join(re.sub(r"\d[\d.]*(e[+-]\d+)?", "0", line).split()) for line in whole]


def test_every_picture_is_drawn_by_the_script() -> None:
    assert {path.stem for path in Path(PICTURES).glob("*.svg")} == {*DRAWN, BY_HAND}


@pytest.mark.parametrize("name", sorted(set(DRAWN) - {MEASURED}))
async def test_the_picture_is_what_the_app_shows(name: str) -> None:
    kept = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert rows(await DRAWN[name]()) == rows(kept)
