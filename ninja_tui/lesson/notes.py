"""Reads a lesson's ``notes.md``.

Level-2 headings are ``Forward``, ``Turn`` and ``Backward``; a level-3 heading names a statement's tensor or a
node. On the way back each node has a list whose items begin with a bold label: Shape, Hint (three: the principle, the
local derivative, the structure), Why, Notice. A list before the first level-2 heading may hold Chapter, the lecture
that the lesson goes with, and Part, what it is there. The texts keep their backticks; nothing else
of Markdown is used in them.
"""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from ninja_tui.lesson.model import NodeNote, Notes

LABELS = ("shape", "hint", "why", "notice")
"""What a node's list may hold."""


def parse_notes(text: str) -> Notes:
    """The notes of the Markdown ``text``. What has no place in the form above is passed over."""
    head: dict[str, list[str]] = {}
    intro: list[str] = []
    turn: list[str] = []
    forward: dict[str, list[str]] = {}
    backward: dict[str, NodeNote] = {}
    part, node = "", ""
    for block in SyntaxTreeNode(MarkdownIt("commonmark").parse(text)).children:
        if block.type == "heading":
            title = _plain(block)
            if block.tag == "h2":
                part, node = title.lower(), ""
            elif block.tag == "h3":
                node = title
        elif block.type == "bullet_list" and part == "backward" and node:
            backward[node] = _node_note(block)
        elif block.type == "bullet_list" and not part:
            head = _labelled(block)
        elif block.type == "paragraph":
            if part == "forward" and node:
                forward.setdefault(node, []).append(_plain(block))
            elif part == "turn":
                turn.append(_plain(block))
            elif not part:
                intro.append(_plain(block))
    return Notes(
        chapter=" ".join(head.get("Chapter", [])),
        part=" ".join(head.get("Part", [])),
        intro="\n\n".join(intro),
        forward={name: "\n\n".join(paragraphs) for name, paragraphs in forward.items()},
        turn="\n\n".join(turn),
        backward=backward,
    )


def _labelled(bullets: SyntaxTreeNode) -> dict[str, list[str]]:
    """The texts of a list's items by the label that each begins with."""
    labelled: dict[str, list[str]] = {}
    for item in bullets.children:
        label, _, text = "\n".join(_plain(child) for child in item.children).partition(":")
        labelled.setdefault(label.strip(), []).append(text.strip())
    return labelled


def _node_note(bullets: SyntaxTreeNode) -> NodeNote:
    labelled = _labelled(bullets)
    known = {label.lower(): texts for label, texts in labelled.items()}

    def one(label: str) -> str:
        return "\n".join(known.get(label, []))

    return NodeNote(
        shape=one("shape"),
        hints=tuple(known.get("hint", [])),
        why=one("why"),
        notice=one("notice"),
        unknown=tuple(label for label in labelled if label.lower() not in LABELS),
    )


def _plain(block: SyntaxTreeNode) -> str:
    return "".join(_inline(block)).strip()


def _inline(node: SyntaxTreeNode) -> Iterator[str]:
    if node.type == "code_inline":
        yield f"`{node.content}`"
    elif node.type in ("softbreak", "hardbreak"):
        yield " "
    elif node.children:
        for child in node.children:
            yield from _inline(child)
    elif node.type == "text":
        yield node.content
