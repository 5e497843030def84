"""Builds the wheel and the sdist, and uses both as a newcomer would: ``python -m tools.release``.

Each is installed with the versions of ``constraints.txt`` into a new environment and used in an empty folder. What was
done is printed; the first thing that is not as it should be ends it, with exit code 1. Nothing is uploaded.

Where PyTorch is to come from can be told to pip by its own variables, such as ``PIP_EXTRA_INDEX_URL``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.metadata import Metadata

from tools.first_frame import FirstFrameError, first_frame

ROOT = Path(__file__).parent.parent
LEFT_OUT = (".github/",)
"""What is tracked and in no sdist."""
SECTION = re.compile(r"^## (?P<version>\S+) \((?P<date>unreleased|\d{4}-\d\d-\d\d)\)$", re.MULTILINE)
PARTS = ("torch", "pandas", "numpy", "sympy", "textual", "ninja_tui")
PATIENCE = 1800.0
"""Seconds for one command: an installation downloads several hundred megabytes."""


class Failed(Exception):
    """Something is not as it should be; the text says what."""


@dataclass(frozen=True)
class Built:
    """What is to be published."""

    wheel: Path
    sdist: Path

    @property
    def all(self) -> tuple[Path, Path]:
        """Both."""
        return self.wheel, self.sdist


def main() -> int:
    """Does everything; answers with the exit code."""
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where wheel and sdist go (default: dist)")
    out: Path = parser.parse_args().out
    try:
        _release(out.absolute())
    except (Failed, FirstFrameError, subprocess.TimeoutExpired) as failure:
        print(f"\nNOT READY: {failure}", file=sys.stderr)
        return 1
    return 0


def _release(out: Path) -> None:
    version = version_of(ROOT)
    date = release_date((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    changed = output("git", "status", "--porcelain", cwd=ROOT).splitlines()
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        place = Path(folder)
        built = build(out, version)
        step("metadata", lambda: check_metadata(built, version))
        step("contents", lambda: check_contents(built, output("git", "ls-files", cwd=ROOT).splitlines()))
        step("the sdist's own tests", lambda: run_tests(built.sdist, place))
        for artifact in built.all:
            use(artifact, version, place / artifact.suffix.strip("."))
        for path in built.all:
            print(f"built  {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}  {size(path)}")
        if changed:
            print(f"note   {len(changed)} files are not committed as they are: the builds hold what no commit has")
        if date is None:
            print(f"note   CHANGELOG.md says that {version} is unreleased: give it its date before these are published")
        else:
            print(f"ready  {version} of {date}")


def version_of(root: Path) -> str:
    """The version that the package says it has."""
    found = re.search(r'^__version__ = "(.+)"$', (root / "ninja_tui/version.py").read_text(encoding="utf-8"), re.M)
    if not found:
        raise Failed("ninja_tui/version.py has no __version__")
    return found[1]


def release_date(changelog: str, version: str) -> str | None:
    """The date of the newest section, ``## 1.2.0 (2026-12-24)``; None where it says ``(unreleased)``.

    Raises Failed where that section is not about ``version``, and where an older one has no date, or a later one.
    """
    sections = [(found["version"], found["date"]) for found in SECTION.finditer(changelog)]
    headings = [line for line in changelog.splitlines() if line.startswith("## ")]
    if len(sections) != len(headings) or not sections:
        raise Failed("CHANGELOG.md: a section's heading is `## 1.2.0 (2026-12-24)`, or `## 1.2.0 (unreleased)`")
    newest, date = sections[0]
    if newest != version:
        raise Failed(f"CHANGELOG.md begins with {newest}, and the version is {version}")
    dates = [each for _, each in sections[1:]]
    if "unreleased" in dates:
        raise Failed("CHANGELOG.md: only the newest section can be unreleased")
    if sorted([date, *dates], reverse=True) != [date, *dates]:
        raise Failed("CHANGELOG.md: the sections go from new to old, and their dates do not")
    return None if date == "unreleased" else date


def build(out: Path, version: str) -> Built:
    """The sdist of the source tree, and the wheel that is made of that sdist alone."""
    for old in out.glob(f"ninja_tui-{version}*"):
        old.unlink()
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT))
    step("build", lambda: output(*command, cwd=ROOT))
    return Built(out / f"ninja_tui-{version}-py3-none-any.whl", out / f"ninja_tui-{version}.tar.gz")


def check_metadata(built: Built, version: str) -> str:
    """Raises Failed where an index would not take it."""
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        texts = [archive.read(name)]
    with tarfile.open(built.sdist) as archive_of_sources:
        member = archive_of_sources.extractfile(f"ninja_tui-{version}/PKG-INFO")
        assert member is not None
        texts.append(member.read())
    for text in texts:
        try:
            metadata = Metadata.from_email(text, validate=True)
        except ExceptionGroup as errors:
            raise Failed("; ".join(str(error) for error in errors.exceptions)) from None
        if (metadata.name, str(metadata.version)) != ("ninja-tui", version) or not metadata.description:
            raise Failed(f"the metadata is of {metadata.name} {metadata.version}, or has no description")
        if metadata.description_content_type != "text/markdown":
            raise Failed(f"the description is {metadata.description_content_type}, and README is Markdown")
    if texts[0] != texts[1]:
        raise Failed("wheel and sdist have other metadata")
    return f"{len(metadata.requires_dist or [])} requirements, extras {', '.join(metadata.provides_extra or [])}"


def check_contents(built: Built, tracked: Iterable[str]) -> str:
    """Raises Failed where a tracked file is missing, or there is one that is none."""
    files = {each for each in tracked if not each.startswith(LEFT_OUT)}
    with tarfile.open(built.sdist) as archive:
        there = {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()} - {"PKG-INFO"}
    compare("the sdist", there, files)
    package = {each for each in files if each.startswith("ninja_tui/")}
    package |= {f"ninja_tui/{each}" for each in files if each.startswith("data/")}
    with zipfile.ZipFile(built.wheel) as archive_of_package:
        inside = {each for each in archive_of_package.namelist() if ".dist-info/" not in each}
    compare("the wheel", inside, package)
    return f"{len(there)} files in the sdist, {len(inside)} in the wheel: those that are tracked"


def compare(title: str, there: set[str], wanted: set[str]) -> None:
    """Raises Failed where ``there`` is not what is ``wanted``."""
    for files, words in ((wanted - there, "lacks"), (there - wanted, "has what is not tracked:")):
        if files:
            raise Failed(f"{title} {words} {', '.join(sorted(files)[:5])}{' …' if len(files) > 5 else ''}")


def run_tests(sdist: Path, place: Path) -> str:
    """All tests of the unpacked sdist are collected, and those that read text alone are run."""
    with tarfile.open(sdist) as archive:
        archive.extractall(place / "sources", filter="data")
    (root,) = (place / "sources").iterdir()
    pytest = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "addopts=")
    collected = output(*pytest, "--collect-only", "-q", cwd=root, PYTHONPATH=str(root)).splitlines()[-1]
    done = output(*pytest, "-q", "-x", "tests/unit", "-m", "not slow and not processes", cwd=root, PYTHONPATH=str(root))
    return f"{collected}; tests/unit: {done.splitlines()[-1]}"


def use(artifact: Path, version: str, place: Path) -> None:
    """Installs ``artifact`` into an empty environment, and uses it in an empty folder. Raises Failed."""
    title = "wheel" if artifact.suffix == ".whl" else "sdist"
    venv.create(place / "venv", with_pip=True)
    scripts, home = place / "venv" / "bin", place / "home"
    home.mkdir()
    pip = (str(scripts / "python"), "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"))
    ninja = str(scripts / "ninja-tui")

    def run(*arguments: str, code: int = 0, says: str = "") -> str:
        return output(ninja, *arguments, cwd=home, code=code, says=says)

    def python(code: str) -> str:
        return output(str(scripts / "python"), "-c", code, cwd=home).strip()

    step(f"{title}: installed", lambda: output(*pip, str(artifact), cwd=home) + sizes(place / "venv"))
    package = Path(python("import ninja_tui; print(ninja_tui.__path__[0])"))
    if not package.is_relative_to(place.resolve()):
        raise Failed(f"ninja_tui is imported from {package}, and not from where it was installed")
    answers = str(package / "lessons/names/solution.py")
    step(f"{title}: --version", lambda: run("--version", says=f"ninja-tui {version} ").strip())
    lessons = sorted(each.name for each in (ROOT / "ninja_tui/lessons").iterdir() if (each / "forward.py").exists())
    step(f"{title}: list", lambda: counted(run("list"), lessons))
    step(f"{title}: replay", lambda: line_with("26 of 26 pass", run("replay", answers)))
    step(f"{title}: check names", lambda: run("check", "names", says="nothing is wrong with it").strip())
    for module in ("ninja_tui.testing",):
        if (ROOT / f"{module.replace('.', '/')}.py").exists() or (ROOT / module.replace(".", "/")).is_dir():
            step(f"{title}: import {module}", lambda name=module: python(f"import {name}"))  # type: ignore[misc]
    if "export" in run("--help"):
        step(
            f"{title}: export",
            lambda: last_line(run("export", answers, "--notebook", "session.ipynb", "--html", "session.html")),
        )
    step(f"{title}: the app's first frame", lambda: first_frame(ninja, home))
    step(f"{title}: serve, without its extra", lambda: run("serve", code=2, says="pip install 'ninja-tui[web]'") and "")
    step(f"{title}: the extra", lambda: output(*pip, f"{artifact}[web]", cwd=home))
    step(
        f"{title}: serve",
        lambda: output(sys.executable, "-m", "tools.first_page", ninja, cwd=home, PYTHONPATH=str(ROOT)),
    )


def counted(listed: str, lessons: list[str]) -> str:
    """Raises Failed where not all ``lessons`` are listed."""
    if missing := [name for name in lessons if not re.search(rf"^ *{re.escape(name)} ", listed, re.M)]:
        raise Failed(f"`ninja-tui list` has no {', '.join(missing)}")
    return f"{len(lessons)} lessons"


def line_with(words: str, text: str) -> str:
    """The line that has these words. Raises Failed where there is none."""
    for line in text.splitlines():
        if words in line:
            return line
    raise Failed(f"{words!r} is nowhere in:\n{text[-3000:]}")


def last_line(text: str) -> str:
    """What a command says at its end."""
    return ([line.strip() for line in text.splitlines() if line.strip()] or [""])[-1]


def step(title: str, work: Callable[[], str]) -> None:
    """Does it, and prints what it was, how long it took, and what it says."""
    print(f"{title:38} ", end="", flush=True)
    begun = time.monotonic()
    said = work()
    print(f"{time.monotonic() - begun:6.1f} s  {last_line(said)}", flush=True)


def output(*command: str, cwd: Path, code: int = 0, says: str = "", **more: str) -> str:
    """What a command prints, without Python's variables of this environment. Raises Failed where it is not as told."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NINJA_TUI"))}
    own = {"NINJA_TUI_CONFIG": str(cwd / "config.toml"), "NINJA_TUI_HISTORY": str(cwd / "history.jsonl")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**inherited, "PYTHONUTF8": "1", **own, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    printed = done.stdout + (done.stderr if code else "")
    if done.returncode != code or says not in printed:
        wanted = f", and not {code}" if done.returncode != code else f" without {says!r}"
        said = f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
        raise Failed(f"`{' '.join(command)}` ended with {done.returncode}{wanted}:\n{said}")
    return printed


def sizes(environment: Path) -> str:
    """What an environment takes on the disk, and the largest parts of it."""
    (packages,) = environment.glob("lib/python*/site-packages")
    parts = [f"{name} {size(packages / name)}" for name in PARTS if (packages / name).exists()]
    return f"{size(environment)} on disk: {', '.join(parts)}"


def size(path: Path) -> str:
    """Of a file, or of all in a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file() and not each.is_symlink()]
    total = sum(each.stat().st_size for each in files)
    return f"{total / 1e6:,.0f} MB" if total >= 5e6 else f"{total / 1e3:,.0f} kB"


if __name__ == "__main__":
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    sys.exit(main())
