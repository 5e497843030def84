"""``python -m tests.attacks [FAMILY ...]`` judges the corpus and prints a table by family.

It exits 1 if any file gets through.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from dataclasses import fields
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.attacks.cases import submissions
from tests.attacks.machine import Machine
from tests.attacks.verdict import Finding, finding

COLUMNS = tuple(field.name for field in fields(Finding))


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.attacks", description="Judges the corpus of hostile files, and prints a table by family."
    )
    families = sorted({case.family for case, _ in submissions()})
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"{', '.join(families)} (all)")
    chosen = parser.parse_args().families
    if unknown := set(chosen) - set(families):
        parser.error(f"no family is called {', '.join(sorted(unknown))}")
    console = Console(soft_wrap=True, width=120)
    table = Table("family", "files", "judged", *COLUMNS, "seconds")
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        if not machine.is_locked:
            console.print("this system locks no worker: there is nothing to try")
            return 1
        try:
            for family, group in groupby(submissions(), lambda each: each[0].family):
                if chosen and family not in chosen:
                    continue
                counts: Counter[str] = Counter()
                names = set()
                for case, form in group:
                    began = time.monotonic()
                    found = finding(machine, case, form)
                    names.add(case.name)
                    counts += Counter({name: bool(getattr(found, name)) for name in COLUMNS})
                    counts["judged"] += 1
                    counts["ms"] += round(1000 * (time.monotonic() - began))
                    for each in found.all:
                        console.print(Text(f"  {family}/{case.name} as {form}: {each}", style="red"))
                counts["files"] = len(names)
                table.add_row(family, *_row(counts))
                total += counts
        finally:
            machine.close()
    table.add_section()
    table.add_row("all", *_row(total))
    console.print(table)
    return int(any(total[name] for name in COLUMNS))


def _row(counts: Counter[str]) -> tuple[str, ...]:
    return (*(str(counts[name]) for name in ("files", "judged", *COLUMNS)), f"{counts['ms'] / 1000:.0f}")


if __name__ == "__main__":
    sys.exit(main())
