"""What is pasted into an answer, and where it comes to stand."""

from __future__ import annotations

import pytest

from ninja_tui.lesson.syntax.pasted import mended, pasted


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("    a = 1\n    b = 2\n", "a = 1\nb = 2"),
        ("a = 1\n    b = 2", "a = 1\nb = 2"),
        (">>> a = (1 +\n...      2)\n3\n>>> b = a", "a = (1 +\n     2)\nb = a"),
        ("In [12]: for k in x:\n    ...:     k\n    ...: \n", "for k in x:\n    k\n"),
        ("a\u00a0=\u00a01\u200b", "a = 1"),
        ("```python\na = 1\n```\n", "a = 1"),
        ("a = 1\r\nb = 2\r\n", "a = 1\nb = 2"),
        ("for k in x:\n    k\n", "for k in x:\n    k\n"),
    ],
)
def test_copied_code_is_made_python_again(text: str, code: str) -> None:
    assert mended(text) == code


@pytest.mark.parametrize(
    ("before", "after", "text", "whole"),
    [
        # what binds a name takes the place of the beginning that stands there
        ("dx = ", "", "dx = dy / x", "dx = dy / x"),
        ("dx = ", "", "# why\ndx = dy / x\n", "# why\ndx = dy / x"),
        ("dx = ", "", "a = dy\ndx = a / x", "a = dy\ndx = a / x"),
        ("dx = ", "", "dx = (dy /", "dx = (dy /"),
        ("", "", ">>> dx = dy\n", "dx = dy"),
        # an expression goes behind it
        ("dx = ", "", "  dy / x\n", "dx = dy / x"),
        ("dx = ", "", "(dy /\n x)", "dx = (dy /\n x)"),
        ("dx = ", "", "x == y", "dx = x == y"),
        ("dx = ", "", "torch.zeros(3)\ndx[0] = dy", "dx = torch.zeros(3)\ndx[0] = dy"),
        # a comment before an expression would end the line
        ("dx = ", "", "# why\ndy / x", "# why\ndy / x"),
        # amid other code it is put where the cursor is
        ("dx = (", ")", "1 + 2", "dx = (1 + 2)"),
        ("dx = a", "", " + b", "dx = a + b"),
        ("dx = a\n", "", "dx += b\ndx *= c", "dx = a\ndx += b\ndx *= c"),
        ("for k in x:\n    ", "", "a = 1\nb = 2", "for k in x:\n    a = 1\n    b = 2"),
    ],
)
def test_a_paste_comes_to_stand_where_it_belongs(before: str, after: str, text: str, whole: str) -> None:
    assert "".join(pasted(before, after, text, "dx")) == whole
