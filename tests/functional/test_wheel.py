"""The sdist, and the wheel: built, installed where the source tree is not, and used from another directory."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tools.release import Built, check_contents, check_metadata, version_of

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent.parent


def done(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """``command`` in an environment that points nowhere else."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**environment, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of the source tree, and the wheel of that sdist.

    Without an isolated build where hatchling is at hand, to need no network.
    """
    out = tmp_path_factory.mktemp("wheel")
    isolated = [] if importlib.util.find_spec("hatchling") is None else ["--no-isolation"]
    made = done(sys.executable, "-m", "build", *isolated, "--outdir", out, ROOT, cwd=out)
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(wheel, sdist)


@pytest.fixture(scope="module")
def wheel(built: Built) -> Path:
    """The wheel."""
    return built.wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of an environment of its own with the wheel in it.

    Its dependencies come from this environment's site-packages, as a plain directory on its path: hooks in there,
    such as an editable install's, are not run.
    """
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    scripts = home / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / Path(sys.executable).name
    if not python.exists():
        python = scripts / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    placed = done(*pip, "install", "--no-deps", "--no-index", "--quiet", wheel, cwd=home)
    assert placed.returncode == 0, placed.stdout + placed.stderr
    own = done(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).stdout.strip()
    here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own) / "dependencies.pth").write_text("\n".join(sorted(here)) + "\n", encoding="utf-8")
    return python


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what is tracked is known in the repository alone")
def test_the_sdist_and_the_wheel_hold_all_that_is_tracked_and_nothing_else(built: Built) -> None:
    listed = done("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.splitlines()
    check_contents(built, [each for each in listed if (ROOT / each).exists()])


def test_an_index_would_take_the_metadata(built: Built) -> None:
    check_metadata(built, version_of(ROOT))


def test_the_wheel_carries_lessons_and_data_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        words = archive.read("ninja_tui/data/names.txt")
    lesson = {f"ninja_tui/lessons/names/{name}" for name in ("forward.py", "notes.md", "solution.py")}
    assert lesson <= files
    assert words == (ROOT / "data" / "names.txt").read_bytes()
    assert any(name.endswith(".tcss") for name in files)
    assert any(name.endswith("licenses/LICENSE") for name in files)
    assert {name.split("/")[0].split("-")[0] for name in files} == {"ninja_tui"}


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path) -> None:
    package = ROOT / "ninja_tui"
    sources = {f"ninja_tui/{path.relative_to(package).as_posix()}" for path in package.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in sources if "__pycache__" not in name} <= set(archive.namelist())


def test_the_installed_package_is_the_wheels_and_finds_its_own_data(installed: Path, tmp_path: Path) -> None:
    asked = (
        "import ninja_tui, ninja_tui.lesson.words as words\n"
        "print(ninja_tui.__file__)\nprint(words.data_file('names.txt'))"
    )
    told = done(installed, "-c", asked, cwd=tmp_path)
    environment = installed.parent.parent.resolve()
    places = [Path(line).resolve() for line in told.stdout.split()]
    assert len(places) == 2, told.stderr
    assert [place for place in places if not place.is_relative_to(environment)] == []


def test_the_installed_command_replays_its_own_solution_from_another_directory(installed: Path, tmp_path: Path) -> None:
    asked = "import ninja_tui, pathlib; print(pathlib.Path(ninja_tui.__file__).parent / 'lessons/names/solution.py')"
    solution = done(installed, "-c", asked, cwd=tmp_path).stdout.strip()
    replayed = done(installed.parent / "ninja-tui", "--replay", solution, cwd=tmp_path)
    assert (replayed.returncode, replayed.stderr) == (0, "")
    assert "26 of 26 pass · 26 exact\n" in replayed.stdout


def test_the_installed_module_is_a_command_too(installed: Path, tmp_path: Path) -> None:
    told = done(installed, "-m", "ninja_tui", "--version", cwd=tmp_path)
    assert (told.returncode, told.stdout.split()[0]) == (0, "ninja-tui")
