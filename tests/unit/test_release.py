"""What makes a release: its date, and that it is made of what is tracked."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.release import ROOT, Built, Failed, check_contents, check_metadata, counted, release_date, size, version_of

METADATA = """\
Metadata-Version: 2.4
Name: ninja-tui
Version: 0.2.0
Description-Content-Type: text/markdown

# ninja-tui
"""
FILES = ("ninja_tui/__init__.py", "data/names.txt", "tests/test_x.py", "docs/index.md")


def built(folder: Path, sources: tuple[str, ...] = FILES, metadata: str = METADATA) -> Built:
    """A wheel and an sdist with these files."""
    result = Built(folder / "ninja_tui-0.2.0-py3-none-any.whl", folder / "ninja_tui-0.2.0.tar.gz")
    with zipfile.ZipFile(result.wheel, "w") as wheel:
        for name in sources:
            if name.startswith("ninja_tui/"):
                wheel.writestr(name, "")
            elif name.startswith("data/"):
                wheel.writestr(f"ninja_tui/{name}", "")
        wheel.writestr("ninja_tui-0.2.0.dist-info/METADATA", metadata)
    with tarfile.open(result.sdist, "w:gz") as sdist:
        for name, text in (*((name, "") for name in sources), ("PKG-INFO", metadata)):
            member = tarfile.TarInfo(f"ninja_tui-0.2.0/{name}")
            member.size = len(text.encode())
            sdist.addfile(member, io.BytesIO(text.encode()))
    return result


def test_the_newest_section_of_the_changelog_has_the_date() -> None:
    older = "\n## 0.1.0 (2026-10-01)\n- It began.\n"
    assert release_date(f"# Changelog\n\n## 0.2.0 (2026-12-24)\n- More.\n{older}", "0.2.0") == "2026-12-24"
    assert release_date(f"# Changelog\n\n## 0.2.0 (unreleased)\n- More.\n{older}", "0.2.0") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# Changelog\n", "a section's heading is"),
        ("## 0.2.0\n", "a section's heading is"),
        ("## 0.2.0 (24 December 2026)\n", "a section's heading is"),
        ("## 0.2.0 (2026-12-24)\n## old\n", "a section's heading is"),
        ("## 0.1.0 (2026-12-24)\n", "begins with 0.1.0, and the version is 0.2.0"),
        ("## 0.2.0 (2026-12-24)\n## 0.1.0 (unreleased)\n", "only the newest"),
        ("## 0.2.0 (2026-12-24)\n## 0.1.0 (2026-12-25)\n", "from new to old"),
    ],
)
def test_a_changelog_that_is_not_of_this_release_ends_it(text: str, sentence: str) -> None:
    with pytest.raises(Failed, match=sentence):
        release_date(text, "0.2.0")


def test_the_changelog_of_this_version_can_be_released() -> None:
    release_date((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version_of(ROOT))


def test_both_hold_what_is_tracked(tmp_path: Path) -> None:
    assert check_contents(built(tmp_path), [*FILES, ".github/workflows/check.yml"]).startswith(
        "4 files in the sdist, 2"
    )


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        (FILES[:3], "the sdist lacks docs/index.md"),
        ((*FILES, "secret.txt"), "the sdist has what is not tracked: secret.txt"),
        ((*FILES, "ninja_tui/scratch.py"), "the sdist has what is not tracked: ninja_tui/scratch.py"),
    ],
)
def test_a_file_too_few_or_too_many_ends_it(tmp_path: Path, sources: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(Failed, match=sentence):
        check_contents(built(tmp_path, sources), FILES)


def test_a_wheel_without_a_file_of_the_package_ends_it(tmp_path: Path) -> None:
    right = built(tmp_path)
    (tmp_path / "other").mkdir()
    wheel = built(tmp_path / "other", ("data/names.txt",)).wheel
    with pytest.raises(Failed, match=r"the wheel lacks ninja_tui/__init__\.py"):
        check_contents(Built(wheel, right.sdist), FILES)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("Version: 0.2.0", "Version: 0.3.0"), "0.3.0"),
        (("Version: 0.2.0", "Version: two"), "version"),
        (("Name: ninja-tui", "Name: -x-"), "name"),
        (("text/markdown", "text/plain"), "README is Markdown"),
        (("# ninja-tui\n", ""), "has no description"),
    ],
)
def test_metadata_that_an_index_would_not_take_ends_it(tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    check_metadata(built(tmp_path), "0.2.0")
    with pytest.raises(Failed, match=sentence):
        check_metadata(built(tmp_path, metadata=METADATA.replace(*change)), "0.2.0")


def test_a_lesson_that_is_not_listed_ends_it() -> None:
    assert counted("names  0 of 26\nrnn  0 of 9\n", ["names", "rnn"]) == "2 lessons"
    with pytest.raises(Failed, match="no conv1d"):
        counted("names  0 of 26 answered  conv1d is next\n", ["names", "conv1d"])


def test_a_size_is_that_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 7_000_000)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"x" * 3_000_000)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert size(tmp_path) == "10 MB"
    assert size(tmp_path / "b" / "c") == "3,000 kB"
