"""``python -m tests.engine.scripts [-v] [NETWORK ...]`` prints what the judge makes of the corpus, by network.

With ``-v`` every text on which it is wrong; CORPUS_EVERY=5 in the environment judges every fifth.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.engine.scripts.networks import SCRIPTS
from tests.engine.scripts.tally import Finding, Tally, tally

COLUMNS = (
    *("network", "mutants", "escapes", "untold", "unknown", "kind as expected"),
    *("spoilt", "right", "false alarms", "unjudged"),
)


def row_of(each: Tally) -> tuple[int, ...]:
    """The figures of one network; of the kinds, how many were as expected and how many were clear."""
    expected = each.with_kind - len(each.other_kinds)
    return (
        *(each.mutants, len(each.escapes), len(each.untold), len(each.unknown), expected, each.with_kind),
        *(len(each.spoilt), each.right, len(each.false_alarms), len(each.unjudged)),
    )


def _cells(figures: tuple[int, ...]) -> list[str]:
    mutants, escapes, untold, unknown, expected, clear, *others = map(str, figures)
    return [mutants, escapes, untold, unknown, f"{expected} of {clear}", *others]


def _print_findings(console: Console, title: str, findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        console.print(Text(f"  {title}: {finding.rule}: {finding.code!r}: {finding.said}", style="yellow"))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.engine.scripts",
        description="Judges the corpus, and prints a table by network.",
        epilog="CORPUS_EVERY=5 in the environment judges every fifth text.",
    )
    known = [script.name for script in SCRIPTS]
    parser.add_argument("-v", dest="verbose", action="store_true", help="print every text on which the judge is wrong")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=f"{', '.join(known)} (all)")
    arguments = parser.parse_args()
    chosen: list[str] = arguments.networks
    if unknown := set(chosen) - set(known):
        parser.error(f"no network is called {', '.join(sorted(unknown))}")
    console = Console(soft_wrap=True, width=140)
    table = Table(*COLUMNS)
    total: tuple[int, ...] = (0,) * 10
    for script in SCRIPTS:
        if chosen and script.name not in chosen:
            continue
        each = tally(script)
        figures = row_of(each)
        total = tuple(one + other for one, other in zip(total, figures, strict=True))
        table.add_row(script.name, *_cells(figures))
        console.print(Text(f"{script.name}: {', '.join(_cells(figures))}", style="dim"))
        if arguments.verbose:
            for title in ("escapes", "untold", "unknown", "other_kinds", "spoilt", "false_alarms", "unjudged"):
                _print_findings(console, title.replace("_", " "), getattr(each, title))
    table.add_section()
    table.add_row("all", *_cells(total))
    console.print(table)


if __name__ == "__main__":
    main()
