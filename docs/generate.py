"""A hook of MkDocs that writes the parts of pages which the code knows: keys, settings, commands, kinds of mistakes.

A page has ``<!-- generated: NAME -->`` where the part belongs; ``PARTS`` has a function for each name.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from ninja_tui.cli.arguments import app_parser, command_parsers
from ninja_tui.cli.exit_codes import MEANINGS
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.report.kinds import MISTAKES, WARNINGS, Mistake
from ninja_tui.tui.commands import ARROWS, ASKED, COMMANDS, EDITING, TRAINING, Command, Group
from ninja_tui.tui.config_file import new_file

ROOT = Path(__file__).parents[1]
MARK = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)
INCLUDED = {
    "contributing.md": "CONTRIBUTING.md",
    "architecture.md": "ARCHITECTURE.md",
    "changelog.md": "CHANGELOG.md",
    "writing-lessons.md": "ninja_tui/lessons/README.md",
}
"""Pages that stand elsewhere in the repository."""
ELSEWHERE = re.compile(r"\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that stand elsewhere."""
    for page, source in INCLUDED.items():
        files.append(File.generated(config, page, content=included(source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fills in what the code knows. Raises PluginError for a part that there is none of."""
    return filled_in(markdown, page.file.src_uri)


def included(source: str) -> str:
    """The text of a page that stands elsewhere, with links between such pages turned to their places here."""
    pages = {Path(path): page for page, path in INCLUDED.items()}
    folder = Path(source).parent

    def turned(link: re.Match[str]) -> str:
        target = folder / link[1]
        if target.parts[:1] == ("docs",):
            return f"]({Path(*target.parts[1:]).as_posix()}{link[2] or ''})"
        if target in pages:
            return f"]({pages[target]}{link[2] or ''})"
        return link[0]

    return ELSEWHERE.sub(turned, (ROOT / source).read_text(encoding="utf-8"))


def filled_in(markdown: str, where: str) -> str:
    """The page ``where`` with each part in the place of its mark. Raises PluginError for a part that is none."""

    def part(mark: re.Match[str]) -> str:
        if mark[1] not in PARTS:
            raise PluginError(f"{where}: there is no part `{mark[1]}`; there is {', '.join(PARTS)}")
        return PARTS[mark[1]]()

    return MARK.sub(part, markdown)


def keys() -> str:
    """All keys, a table for each part of the app."""
    titles = {
        Group.WALK: "The walk", Group.ANSWER: "An answer", Group.PRACTICE: "Practice",
        Group.LOOK: "Looking at tensors", Group.PANES: "Panes", Group.APP: "The app",
    }  # fmt: skip
    parts = [
        _titled(title, _commands([each for each in COMMANDS if each.group is group])) for group, title in titles.items()
    ]
    parts.append(_titled("In the training", _commands(TRAINING, "in the training")))
    for title, rows in (("In the prompt", EDITING), ("At a question", ASKED), ("In a pane", ARROWS)):
        parts.append(_titled(title, table(("key", "does"), [(_keys(keys), what) for keys, what in rows])))
    return "\n\n".join(parts)


def _titled(title: str, text: str) -> str:
    return f"## {title}\n\n{text}"


def _commands(commands: Sequence[Command], here: str = "in the walk") -> str:
    rows = [
        (_keys(each.walk_keys), _keys(each.everywhere), each.title, f"`{each.id}`")
        for each in commands
    ]  # fmt: skip
    return table((here, "everywhere", "does", "name"), rows)


def _keys(text: str) -> str:
    """Keys as code; in one that is a list, each."""
    alone = text if text in ("0-9 ( ) ,",) else ""
    return f"`{alone}`" if alone else ", ".join(f"`{key}`" for key in text.split(", ") if key)


def settings() -> str:
    """The file that the app writes when something is chosen for the first time."""
    return f"```toml\n{new_file()}```"


def commands() -> str:
    """Each command with its options."""
    parts = [_command("ninja-tui [PATH]", app_parser(), "Opens a lesson, or a file of your own, in the app.")]
    for name, parser in command_parsers(argparse.ArgumentParser()).items():
        parts.append(_command(f"ninja-tui {name}", parser, parser.description or ""))
    return "\n\n".join(parts)


def _command(title: str, parser: argparse.ArgumentParser, description: str) -> str:
    rows = [
        (_call(action), _plain(action.help or ""))
        for action in parser._actions
        if action.help is not argparse.SUPPRESS and action.dest != "help"
    ]
    return f"## `{title}`\n\n{_plain(description)}\n\n" + (table(("argument", "does"), rows) if rows else "")


def _call(action: argparse.Action) -> str:
    takes = action.nargs != 0
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if action.choices is not None:
        name = ",".join(map(str, action.choices))
    if not action.option_strings:
        return f"`{name}`"
    flags = "`, `".join(action.option_strings)
    return f"`{flags} {name}`" if takes else f"`{flags}`"


def exit_codes() -> str:
    """What each exit code says."""
    return table(("code", "says"), [(f"`{code:d}`", what) for code, what in MEANINGS.items()])


def kinds() -> str:
    """Each kind of mistake: what it means, an example, and its cure."""
    return "\n\n".join(map(_mistake, MISTAKES.values()))


def _mistake(mistake: Mistake) -> str:
    example = mistake.example
    before = len(example.before.splitlines())
    sign = "warning" if mistake.kind is Kind.ALIASING else "failure"
    quoted = example.message.replace('"', "&quot;")
    wrong = _highlighted(example.wrong_answers, before, "A wrong answer")
    right = _highlighted(example.right_answers, before)
    return "\n\n".join(
        [
            f"## `{mistake.kind}` {{ #{mistake.kind} }}",
            f"**{_plain(mistake.title)}.** {mistake.meaning}",
            f'```python title="The forward pass"\n{example.network.code}```',
            wrong,
            f'!!! {sign} "`d{example.node}`: {quoted}"',
            f"**What to think of.** {mistake.cure}",
            f'??? success "The right answer"\n\n{_indented(right)}',
        ]
    )


def _highlighted(code: str, before: int, title: str = "") -> str:
    """Code, with all lines after those ``before`` marked."""
    last = len(code.splitlines())
    lines = f"{before + 1}-{last}" if last > before + 1 else str(last)
    return f'```python hl_lines="{lines}"' + (f' title="{title}"' if title else "") + f"\n{code}```"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.splitlines())


def warnings() -> str:
    """Each warning beside a pass."""
    return table(("warning", "means"), [(f"`{name}`", meaning) for name, meaning in WARNINGS.items()])


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown. A bar in a cell stays a bar."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _plain(text: str) -> str:
    """A sentence that is no markup: what stands in backticks stays code."""
    pieces = text.replace("%%", "%").split("`")
    return "`".join(
        piece if number % 2 else re.sub(r"([\\*_<>\[\]])", r"\\\1", piece) for number, piece in enumerate(pieces)
    )


PARTS: Mapping[str, Callable[[], str]] = {
    "keys": keys,
    "settings": settings,
    "commands": commands,
    "exit-codes": exit_codes,
    "kinds": kinds,
    "warnings": warnings,
}
"""What makes each part."""
