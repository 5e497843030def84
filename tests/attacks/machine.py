"""The machine that is attacked: files, sockets, processes and secrets, and whether anything has happened to them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninja_tui.lesson.read import LESSONS
from tests.attacks.judging import VARIABLE

ROOT = Path(__file__).parents[2]
STARTING = 120.0
"""Seconds that the judging process may take to start."""
LONGEST = 60.0
"""Seconds after which a judging process counts as hung."""
ENDING = 3.0
"""Seconds that the workers of a file may take to be gone."""
SPARSE = 2 << 30
"""Bytes of a large file without contents."""
LARGEST_HASHED = 1 << 20
PLACES = ("/", "/tmp", "/var/tmp", "/dev/shm", "/run")
"""Folders in which an attack may leave a file that has the token in its name."""


@dataclass(frozen=True)
class Judged:
    """What came of judging files: their reports as JSON has them, and what has happened on the machine meanwhile."""

    files: tuple[Mapping[str, Any], ...]
    effects: tuple[str, ...] = ()
    traceback: str = ""
    seconds: float = 0.0
    megabytes: int = 0


class Machine:
    """A folder with canaries and a secret, sockets that listen, a process to attack, and the process that judges."""

    def __init__(self, folder: Path, *, locked: bool = True) -> None:
        self._locked = locked
        self._secret, self._token = f"{SECRET}{secrets.token_hex(8)}", f"ninja-{secrets.token_hex(6)}"
        self._hit = secrets.token_hex(8)
        self._key = secrets.randbelow(1 << 30) + 1
        self._folder, self.submissions, canary = folder, folder / "submissions", folder / "canary"
        private = folder / "private"
        for each in (self.submissions, self.submissions / "other", canary, private):
            each.mkdir()
        self._written = folder / "stderr"
        (canary / "keep.txt").write_text("keep", encoding="utf-8")
        (folder / "secret.txt").write_text(self._secret, encoding="utf-8")
        (self.submissions / "other" / "other.py").write_text(f"# {self._secret}\n", encoding="utf-8")
        (private / "teachers.py").write_text(f"secret = {self._secret!r}\n", encoding="utf-8")
        self._sockets = Sockets(folder / "socket", self._token)
        self._victim = self._started_victim()
        self._start_judging()

    @property
    def is_locked(self) -> bool:
        """Whether workers are."""
        return bool(self._hello["locked"])

    def judge(self, texts: Mapping[str, str], *paths: str, limit: float) -> Judged:
        """Writes files, has those of ``paths`` judged, and looks at what has happened; all is as before then."""
        for name, text in texts.items():
            self._hand_in(name, text)
        before, processes = self._seen(), self._processes()
        asked = [str(self.submissions / path) for path in paths]
        said = self._ask(json.dumps({"paths": asked, "limit": limit}))
        effects = [*self._effects(before, processes), *self._leaks(json.dumps(said))]
        if said is None:
            self._restart()
        elif effects:
            self._victim_again()
        for name in texts:
            with contextlib.suppress(FileNotFoundError):
                (self.submissions / name.partition(" -> ")[0]).unlink()
        if said is None:
            return Judged((), (*effects, "the process that judges is gone, or hangs"), seconds=LONGEST)
        effects += [f"a file of the report has the path {each['path']!r}" for each in said["files"]
                    if each["path"] not in asked]  # fmt: skip
        return Judged(
            tuple(said["files"]), tuple(effects), said.get("traceback", ""), said["seconds"], said["megabytes"]
        )

    def close(self) -> None:
        """Ends all that was started."""
        self._end_judging()
        self._victim.kill()
        self._victim.wait()
        self._sockets.close()

    def _hand_in(self, name: str, text: str) -> None:
        """Writes a file; with `` -> `` in its name it is a link, a named pipe, or a large file without contents."""
        name, _, target = name.partition(" -> ")
        path = self.submissions / name
        path.parent.mkdir(exist_ok=True)
        if target == "PIPE":
            os.mkfifo(path)
        elif target == "SPARSE":
            path.touch()
            os.truncate(path, SPARSE)
        elif target:
            path.symlink_to(self._filled(target))
        else:
            path.write_text(self._filled(text), encoding="utf-8")

    def _filled(self, text: str) -> str:
        hit = f'"".join(("{self._hit[:8]}", "{self._hit[8:]}"))'
        for word, value in {
            "CANARY": self._folder / "canary",
            "SECRET": self._folder / "secret.txt",
            "OTHER": self.submissions / "other" / "other.py",
            "FOLDER": self._folder / "private",
            "SOLUTION": LESSONS / "names" / "solution.py",
            "PID": self._judging.pid,
            "VICTIM": self._victim.pid,
            "ADDRESS": self._hello["address"],
            "PORT": self._sockets.port,
            "SOCKET": self._folder / "socket",
            "TOKEN": self._token,
            "KEY": self._key,
            "VARIABLE": VARIABLE,
            "HIT": hit,
        }.items():
            text = text.replace(f"@{word}@", str(value))
        return text

    # The process that judges

    def _start_judging(self) -> None:
        with self._written.open("wb") as written:
            self._judging = subprocess.Popen(
                [sys.executable, "-m", "tests.attacks.judging", *(() if self._locked else ("unlocked",))],
                cwd=ROOT,
                env={**os.environ, VARIABLE: self._secret, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=written,
                start_new_session=True,
            )
        hello = self._said(STARTING)
        if hello is None:
            raise RuntimeError(self._written.read_text(encoding="utf-8", errors="replace"))
        self._hello = hello

    def _ask(self, line: str) -> dict[str, Any] | None:
        """The reply to a request; None where there is none in time."""
        if self._judging.stdin is None:
            return None
        with contextlib.suppress(BrokenPipeError):
            self._judging.stdin.write(line.encode() + b"\n")
            self._judging.stdin.flush()
        return self._said(LONGEST)

    def _said(self, within: float) -> dict[str, Any] | None:
        """The next line that the process writes; None for what is none of its own."""
        out = self._judging.stdout
        if out is None or not select.select([out], [], [], within)[0]:
            return None
        try:
            said: dict[str, Any] = json.loads(out.readline())
        except ValueError:
            return None
        return said

    def _end_judging(self) -> None:
        for stream in (self._judging.stdin, self._judging.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            self._judging.wait(10.0)
        except subprocess.TimeoutExpired:
            self._judging.kill()
            self._judging.wait()

    def _restart(self) -> None:
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._end_judging()
        self._victim_again()
        self._start_judging()

    # What has happened

    def _effects(self, before: Mapping[str, str], processes: Mapping[int, str]) -> Iterator[str]:
        """What is not as it was before; processes that were left behind are ended."""
        end = time.monotonic() + ENDING
        while (left := self._processes()) != processes and time.monotonic() < end:
            time.sleep(0.02)
        for process in left.keys() - processes.keys():
            yield f"a process is left: {left[process]}"
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        yield from (f"a process is gone: {processes[process]}" for process in processes.keys() - left.keys())
        after = self._seen()
        for each in sorted(before.keys() | after.keys()):
            if before.get(each) != after.get(each):
                yield f"{each}: {before.get(each)} became {after.get(each)}"
                self._put_back(each)
        yield from self._sockets.reached()

    def _leaks(self, report: str) -> Iterator[str]:
        written = self._written.read_text(encoding="utf-8", errors="replace")
        if written:
            yield f"something is written on the terminal: {written[:500]!r}"
            os.truncate(self._written, 0)
        if self._secret in report:
            yield "a secret is in the report"
        if self._hit in report:
            yield "the attack reports that it has got through"

    def _seen(self) -> dict[str, str]:
        """Every file that is watched, the process that is attacked, and the System V objects, each in a word."""
        seen = {str(path): _file(path) for path in self._folder.rglob("*") if path != self._written}
        for place in (*PLACES, tempfile.gettempdir(), str(Path.home()), str(ROOT), str(LESSONS)):
            seen |= {str(path): _file(path) for path in Path(place).glob(f"*{self._token}*") if path != self._folder}
        seen |= {f"process {pid}": _state(pid) for pid in (self._victim.pid, self._judging.pid)}
        for kind in ("shm", "sem", "msg"):
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/sysvipc/{kind}").read_text(encoding="ascii").splitlines()
                seen |= {f"System V {kind}": line for line in lines if line.split()[0] == str(self._key)}
        return seen

    def _put_back(self, name: str) -> None:
        """Makes a file what it was."""
        path = Path(name)
        if path.is_absolute() and (self._token in path.name or path.parent == self._folder / "canary"):
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        keep = self._folder / "canary" / "keep.txt"
        if not keep.exists():
            keep.write_text("keep", encoding="utf-8")

    def _started_victim(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", "import time; time.sleep(3600)"], env={VARIABLE: self._secret}, cwd="/"
        )

    def _victim_again(self) -> None:
        self._victim.kill()
        self._victim.wait()
        self._victim = self._started_victim()

    def _processes(self) -> dict[int, str]:
        """The descendants of the process that judges, each with its command."""
        parents: dict[int, list[int]] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                status = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                parents.setdefault(int(status[1]), []).append(int(folder.name))
        found: dict[int, str] = {}
        waiting = [self._judging.pid]
        while waiting:
            for process in parents.get(waiting.pop(), ()):
                found[process] = _command(process)
                waiting.append(process)
        return found


class Sockets:
    """One socket of each kind, on which nothing may arrive."""

    def __init__(self, path: Path, token: str) -> None:
        self._tcp, self.port = self._on_a_port()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._unix, self._abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self._unix.bind(str(path))
        self._abstract.bind(f"\0{token}")
        for each in self._all:
            if each is not self._udp:
                each.listen()
            each.setblocking(False)

    @property
    def _all(self) -> tuple[socket.socket, ...]:
        return self._tcp, self._udp, self._unix, self._abstract

    def _on_a_port(self) -> tuple[socket.socket, int]:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return listener, port

    def reached(self) -> Iterator[str]:
        """What has arrived since this was last asked."""
        for each in self._all:
            with contextlib.suppress(BlockingIOError):
                while True:
                    if each is self._udp:
                        each.recv(1)
                    else:
                        each.accept()[0].close()
                    yield f"something arrived on {each.getsockname()}"

    def close(self) -> None:
        """Closes all of them."""
        for each in self._all:
            each.close()


SECRET = "".join(("the-secret", "-of-a-teacher-"))
"""With what the secret begins."""


def _file(path: Path) -> str:
    try:
        status = path.lstat()
    except OSError:
        return "unreadable"
    parts = [stat.filemode(status.st_mode), status.st_nlink, status.st_uid]
    if stat.S_ISREG(status.st_mode) and status.st_size < LARGEST_HASHED:
        parts += [status.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()[:16], sorted(os.listxattr(path))]
    return " ".join(map(str, parts))


def _state(pid: int) -> str:
    """What others can change of a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        adjusted = Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii").strip()
        limits = [resource.prlimit(pid, kind) for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC)]
    except OSError:
        return "gone"
    state = "goes on" if fields[0] in "RSD" else fields[0]
    return f"{state}, nice {fields[16]}, {sorted(os.sched_getaffinity(pid))}, {adjusted}, {limits}"


def _command(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "gone"
    return command[:60] or "zombie"
