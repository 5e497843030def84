"""A file's answers to a lesson as a notebook that runs from top to bottom, with PyTorch alone.

What is wrong or missing is marked, and autograd's gradient goes into its place: one mistake stays one, as it is judged.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import nbformat

from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.errors import UsageError
from ninja_tui.export.markdown import plain, span
from ninja_tui.export.names import STEPS, kept_names, names_beside
from ninja_tui.export.pieces import Piece, gradients_of, pieces_of, sentences_of
from ninja_tui.export.training_cells import BY_HAND, RECORDING, training_cells
from ninja_tui.export.word_lists import WordList, lists_of, reading_code
from ninja_tui.formatting import shape_text
from ninja_tui.lesson.model import Cell, Lesson, Node
from ninja_tui.lesson.notebook.cells import Form, Source
from ninja_tui.lesson.read import PERCENT
from ninja_tui.lesson.syntax.standalone import reseeded, without_imports_of
from ninja_tui.replay import AnsweredLesson, LessonReport

PACKAGE = "ninja_tui"
WIDTH = 88
"""Characters of a line."""
MAY_RAISE = "raises-exception"
"""The tag of a cell after whose error Jupyter goes on."""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
COMPARE = '''\
def cmp(name, gradient, tensor):
    """Compares a gradient with autograd's, which is in ``tensor.grad``, and prints how they differ."""
    reference = tensor.grad
    try:
        exact = torch.all(gradient == reference).item()
        close = torch.allclose(gradient, reference)
        maxdiff = (gradient - reference).abs().max().item()
    except (AttributeError, RuntimeError, TypeError):
        shape = tuple(gradient.shape) if isinstance(gradient, torch.Tensor) else type(gradient).__name__
        print(f"{name:15s} | not to be compared: {shape}, and the tensor is {tuple(tensor.shape)}")
    else:
        print(f"{name:15s} | exact: {str(exact):5s} | approximate: {str(close):5s} | maxdiff: {maxdiff}")'''


@dataclass(frozen=True)
class BookCell:
    """A cell of a notebook: code with its tags, or ``prose`` in Markdown."""

    source: str
    tags: tuple[str, ...] = ()
    prose: bool = False


def notebook_of(report: LessonReport, names: int) -> tuple[str, tuple[WordList, ...]]:
    """The notebook as JSON, and the word lists that are to stand beside it. ``names`` are sampled after a training.

    Raises UsageError where the lesson has no code to show.
    """
    answered = report.answered
    if answered is None:
        raise UsageError(f"{report.lesson} is not a lesson that is answered")
    lists = lists_of(answered.lesson, answered.options)
    cells = [*_head(report, answered.lesson, lists), *_set_up(answered, lists), *_walk(report, answered.lesson)]
    cells += _training(answered.lesson, pieces_of(report), names)
    return written(cells), lists


def notebook_of_script(source: Source) -> str:
    """A script as a notebook, its cells as they are; of a Markdown file its code. Raises UsageError for a notebook."""
    if source.form is Form.FENCED:
        return written([BookCell(cell.source) for cell in source.cells])
    if source.form is not Form.SCRIPT:
        raise UsageError(f"{source.path} is a notebook already: nothing is to be made of it")
    import jupytext

    cells = jupytext.reads(source.text, fmt=PERCENT).cells
    return written([BookCell(cell.source, prose=cell.cell_type != "code") for cell in cells])


def written(cells: Sequence[BookCell]) -> str:
    """A notebook of these cells, as JSON; the same for the same cells."""
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    made = [
        nbformat.v4.new_markdown_cell(cell.source, id=f"cell-{number}")
        if cell.prose
        else nbformat.v4.new_code_cell(
            cell.source, id=f"cell-{number}", metadata={"tags": list(cell.tags)} if cell.tags else {}
        )
        for number, cell in enumerate(cells, 1)
    ]
    book = nbformat.v4.new_notebook(cells=made, metadata=metadata)
    nbformat.validate(book)
    return f"{nbformat.writes(book)}\n"


def _markdown(*paragraphs: str) -> BookCell:
    return BookCell("\n\n".join(filter(None, paragraphs)), prose=True)


def _code(code: str, *tags: str) -> BookCell:
    return BookCell(code.strip("\n"), tags)


def _head(report: LessonReport, lesson: Lesson, lists: tuple[WordList, ...]) -> Iterator[BookCell]:
    exact = len({each.node for each in report.verdicts if each.exact and each.passed})
    done = f"**{report.passed} of {report.total} gradients pass**, {exact} of them exact to the last bit."
    about = [plain(" ".join(lesson.notes.intro.split()))] if lesson.notes.intro else []
    needs = "This notebook runs from top to bottom and needs PyTorch alone"
    if lists:
        needs += f"; it reads {' and '.join(span(each.name) for each in lists)} in its folder"
    marked = any(piece.replaced for piece in pieces_of(report))
    instead = (
        "Where an answer is missing or not right yet, that is said, and what follows goes on from autograd’s gradient."
    )
    yield _markdown(
        f"# {plain(lesson.name)}: the backward pass by hand",
        *about,
        done,
        f"{needs}. {instead if marked else ''}".strip(),
    )


def _set_up(answered: AnsweredLesson, lists: tuple[WordList, ...]) -> Iterator[BookCell]:
    lesson, seed = answered.lesson, answered.options.seed
    yield _markdown("## Set-up")
    if lists:
        yield _code(reading_code(lists))
    for cell in (lesson.setup, lesson.minibatch):
        code = _standing_alone(cell, seed)
        if code.strip():
            yield _code(code)


def _standing_alone(cell: Cell, seed: int | None) -> str:
    code = without_imports_of(cell.source, PACKAGE)
    if seed is not None:
        code = reseeded(code, seed)
    while "\n\n\n\n" in code:
        code = code.replace("\n\n\n\n", "\n\n\n")
    return code


def _walk(report: LessonReport, lesson: Lesson) -> Iterator[BookCell]:
    """Forward pass, autograd's backward pass, and the person's, a node at a time."""
    pieces = pieces_of(report)
    yield _markdown("## Forward pass")
    source = lesson.forward.source.strip("\n")
    yield _code(f"import torch\n\n{RECORDING}\n{source}")
    nodes = {node for piece in pieces for node in piece.nodes}
    inner = [node.name for node in lesson.nodes if node.name in nodes and node.statement is not None]
    yield _markdown("## Backward pass, by autograd", "What every answer below is compared with.")
    names = names_beside(lesson, pieces)
    t, p = names.fresh("t"), names.fresh("p")
    listed = textwrap.fill(", ".join(inner), WIDTH, initial_indent="    ", subsequent_indent="    ")
    retain = [f"for {t} in [", f"{listed},", "]:", f"    {t}.retain_grad()"] if inner else []
    cleared = [f"for {p} in [{', '.join(lesson.parameters)}]:", f"    {p}.grad = None"]
    kept = kept_names(lesson, pieces)
    keeping = [
        f"{other} = {name}  # as it is before the answers, which bind the name anew"
        for name, other in kept.items()
        if name != STEPS
    ]
    yield _code("\n".join([*cleared, *retain, f"{lesson.loss}.backward()", lesson.loss]))
    yield _code(f"import torch.nn.functional as F\n\n\n{COMPARE}")
    yield _markdown("## Backward pass, by hand", f"`d{lesson.loss}` is 1.")
    yield _code("\n".join([f"d{lesson.loss} = torch.ones_like({lesson.loss})", *keeping, BY_HAND]))
    read = {name for piece in pieces for name in piece.reads}
    for piece in pieces:
        yield from _piece(piece, lesson, read, report.revealed, kept)


def _piece(
    piece: Piece, lesson: Lesson, read: Collection[str], revealed: Collection[str], kept: Mapping[str, str]
) -> Iterator[BookCell]:
    """``kept`` has the names of tensors of the forward pass whose own are bound anew."""
    for verdict in piece.verdicts:
        on = _on(verdict, lesson.node(verdict.node), lesson, revealed=verdict.node in revealed)
        yield _markdown(f"### {span(verdict.node)}", *on)
    compared = [f"cmp({each.node!r}, {each.gradient}, {kept.get(each.node, each.node)})" for each in piece.compared]
    code = "\n".join([*([piece.code] if piece.code else []), *compared])
    if code:
        sure = bool(piece.verdicts) and all(each.passed for each in piece.verdicts)
        yield _code(code, *(() if sure else (MAY_RAISE,)))
    replaced = [each for each in piece.replaced if each.gradient in read]
    if replaced:
        told = f"# autograd’s in the place of {gradients_of(replaced)}: what follows goes on from here"
        lines = [f"{each.gradient} = {kept.get(each.node, each.node)}.grad.clone()" for each in replaced]
        yield _code("\n".join([told, *lines]))


def _on(verdict: Verdict, node: Node, lesson: Lesson, *, revealed: bool) -> Iterator[str]:
    """What stands above an answer: shape and consumers, then the verdict in a sentence."""
    readers = ", ".join(span(lesson.statements[index].code) for index in node.consumers)
    shape = f"{shape_text(verdict.expected_shape)}, " if verdict.expected_shape or node.statement is None else ""
    yield f"{shape}read by {readers}"
    yield _verdict(verdict, revealed=revealed)


def _verdict(verdict: Verdict, *, revealed: bool) -> str:
    """``Passes, exact``; ``**Not right yet**, sign: …``: what it is, in bold where it does not pass."""
    beside = "".join(f", {word}" for word in (*verdict.warnings, *(["revealed"] if revealed else [])))
    if verdict.status is Status.MISSING:
        return f"**Missing**{beside}: there is no answer yet"
    said = "; ".join(map(plain, sentences_of(verdict)))
    told = f": {said}" if said else ""
    if verdict.passed:
        return f"Passes, {'exact' if verdict.exact else 'approximate'}{beside}{told}"
    if verdict.status is Status.FAIL:
        kind = f", {verdict.diagnosis.kind}" if verdict.diagnosis else ""
        return f"**Not right yet**{kind}{beside}{told}"
    return f"**Does not run**{beside}, and is a comment here{told}"


def _training(lesson: Lesson, pieces: Sequence[Piece], names: int) -> Iterator[BookCell]:
    cells = training_cells(lesson, pieces, names)
    told = "The network learns from the gradients above, without `backward()`."
    if cells.replaced:
        told = f"Of {', '.join(map(span, cells.replaced))} the gradients are autograd’s, all others are those above."
    yield _markdown("## Training on this backward pass", told)
    yield _code(cells.training, *((MAY_RAISE,) if cells.replaced else ()))
    if cells.sampling is not None:
        yield _markdown("## Names that it invents")
        yield _code(cells.sampling)
