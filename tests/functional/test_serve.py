"""`ninja-tui serve` as a process: what it says, whom it refuses, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from ninja_tui.serve.site import Site
from tests.functional.test_processes_end import LONGEST, comes
from tests.helpers import some_names

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[2]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def environment(folder: Path, **more: str) -> dict[str, str]:
    own = {"NINJA_TUI_HISTORY": str(folder / "history.jsonl"), "NINJA_TUI_CONFIG": str(folder / "config.toml")}
    return {**os.environ, "PYTHONPATH": str(ROOT), **own, **more}


class Served:
    """A server that listens, and what it printed until then."""

    def __init__(self, process: subprocess.Popen[str], told: str) -> None:
        self.process, self.told = process, told
        found = re.search(r"http://127\.0\.0\.1:(\d+)", told)
        assert found, told
        self.url, self.port = found[0], int(found[1])

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(LONGEST)


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ninja_tui", "serve", "--port", "0", *arguments],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Served(process, process.stdout.readline() + process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def refused(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """The exit code, and the sentence, of a server that does not begin."""
    done = subprocess.run(
        [sys.executable, "-m", "ninja_tui", "serve", *arguments],
        cwd=folder,
        env=environment(folder, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def children(process: int) -> list[int]:
    """The processes that ``process`` has started, and those that these have."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] not in ("Z", "X"):
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = list(parents.get(process, []))
    for each in found:
        found += parents.get(each, [])
    return found


def are_gone(processes: list[int]) -> bool:
    return not any(Path(f"/proc/{each}").exists() and not is_zombie(each) for each in processes)


def is_zombie(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return True


async def painted(page: aiohttp.ClientWebSocketResponse, text: str) -> str:
    """What the app has painted, from the beginning, once ``text`` is among it."""
    seen = ""
    async with asyncio.timeout(LONGEST):
        async for message in page:
            if message.type is aiohttp.WSMsgType.BINARY:
                seen += bytes(message.data).decode(errors="replace")
                if text in CONTROL.sub("", seen):
                    return seen
    raise AssertionError(f"{text!r} was never painted:\n{seen}")


@pytest.mark.slow
def test_each_tab_is_a_process_which_ends_with_its_tab_and_saves_first(tmp_path: Path) -> None:
    (tmp_path / "some names.txt").write_text(some_names(), encoding="utf-8")

    async def visit(served: Served) -> None:
        async with aiohttp.ClientSession() as session:
            url = f"{served.url}/ws/all?width=100&height=30"
            page = await session.ws_connect(url, origin=served.url)
            other = await session.ws_connect(url, origin=served.url)
            await painted(page, "forward 1/20")
            await painted(other, "forward 1/20")
            first, second = (each for each in children(served.process.pid) if parent(each) == served.process.pid)
            for text in ("not JSON", "[]", '["stdin"]', '["stdin", 5]', '["resize", {"width": "x"}]', "[" * 9999):
                await page.send_str(text)
            await page.send_json(["ping", "17"])
            await page.send_json(["resize", {"width": 10**9, "height": -3}])
            await page.send_json(["resize", {"width": 100, "height": 30}])
            await page.send_json(["stdin", "tne"])
            await painted(page, "typing")
            await page.send_json(["stdin", "torch.zeros_like(logprobs)"])
            await painted(page, "fail")
            await page.send_json(["stdin", "\r"])
            assert await asyncio.to_thread(comes, (tmp_path / "my answers;.py").exists)
            below = [*children(first), *children(second)]
            await page.close()
            await other.close()
            assert await asyncio.to_thread(comes, lambda: are_gone([first, second, *below]))

    with serving(tmp_path, "--solutions", "my answers;.py", "--data", "some names.txt") as served:
        asyncio.run(visit(served))
        assert "dlogprobs = torch.zeros_like(logprobs)" in (tmp_path / "my answers;.py").read_text(encoding="utf-8")
        assert served.end() == 130


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)]
)
def test_however_the_server_ends_no_process_is_left(tmp_path: Path, number: signal.Signals, code: int) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # where `nohup` has the tests ignore it, the server would as well
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")

    async def visit(served: Served) -> list[int]:
        url = f"{served.url}/ws/all"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, origin=served.url) as page:
            await painted(page, "forward 1/20")
            assert await asyncio.to_thread(comes, lambda: len(children(served.process.pid)) > 3)
            processes = children(served.process.pid)
            assert await asyncio.to_thread(served.end, number) == code
            return processes

    with serving(tmp_path, "--data", "some.txt") as served:
        processes = asyncio.run(visit(served))
        assert comes(lambda: are_gone(processes))


def test_whoever_is_no_page_of_the_server_is_refused_and_starts_nothing(tmp_path: Path) -> None:
    async def ask(served: Served) -> None:
        async with aiohttp.ClientSession() as session:
            for origin in (None, "null", "http://localhost:3000", "https://evil.example.com"):
                with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                    await session.ws_connect(f"{served.url}/ws/all", origin=origin)
                assert caught.value.status == 403
            for path in ("/", "/ws/all", "/static/js/textual.js"):
                reply = await session.get(served.url + path, headers={"Host": f"evil.example.com:{served.port}"})
                assert reply.status == 403
            for path in ("/static/", "/page/../server.py", "/page/%2e%2e/server.py", "/download/x"):
                assert (await session.get(f"{served.url}{path}")).status in (403, 404)
            page = await session.get(served.url)
            assert page.status == 200
            assert page.headers["X-Frame-Options"] == "DENY"
            assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
            assert re.findall(r"(?:src|href)=\"(?!/|data:)", await page.text()) == []
        assert children(served.process.pid) == []

    with serving(tmp_path) as served:
        assert "Answers go to solutions.py" in served.told
        asyncio.run(ask(served))
        assert served.end() == 130


@pytest.mark.slow
def test_in_a_class_each_has_answers_of_their_own_under_a_name(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")

    async def visit(served: Served) -> None:
        async with aiohttp.ClientSession() as session:
            asked = await (await session.get(served.url)).text()
            assert "Your name" in asked
            odd = await (await session.get(served.url, params={"name": "<b>'\"&"})).text()
            assert "A name has letters" in odd
            assert "<b>" not in odd
            assert 'data-name="ada-l"' in await (await session.get(served.url, params={"name": "Ada L"})).text()
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{served.url}/ws/..%2Fx", origin=served.url)
            async with session.ws_connect(f"{served.url}/ws/ada-l", origin=served.url) as page:
                await painted(page, "forward 1/20")
                full = await session.get(served.url)
                assert full.status == 503
                assert "1 person is here already" in await full.text()
                async with session.ws_connect(f"{served.url}/ws/bob", origin=served.url) as late:
                    assert "is here already" in (await late.receive_bytes()).decode()
                await page.send_json(["stdin", "tne"])
                await painted(page, "typing")
                await page.send_json(["stdin", "-torch.nn.functional.one_hot(Yb, 27) / n"])
                await painted(page, "pass")
                await page.send_json(["stdin", "\r"])
                folder = tmp_path / "answers" / "ada-l"
                assert await asyncio.to_thread(comes, (folder / "solutions.py").exists)
                assert await asyncio.to_thread(comes, (folder / ".deck.json").exists)
                assert not (tmp_path / "history.jsonl").exists()

    with serving(tmp_path, "--host", "0.0.0.0", "--visitors", "1", "--data", "some.txt") as served:
        assert "answers/NAME/solutions.py" in served.told
        asyncio.run(visit(served))
        assert [each.name for each in (tmp_path / "answers").iterdir()] == ["ada-l"]
        assert served.end() == 130
        assert served.process.stdout is not None
        assert "whoever reaches this address types Python" in served.process.stdout.read()


def test_why_the_app_does_not_begin_is_told_in_the_browser(tmp_path: Path) -> None:
    async def visit(served: Served) -> str:
        (tmp_path / "solutions.py").write_bytes(b"\xff\xfe\x00")
        url = f"{served.url}/ws/all"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, origin=served.url) as page:
            return await painted(page, "solutions.py")

    with serving(tmp_path) as served:
        assert "ninja-tui: " in asyncio.run(visit(served))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nmes"], "did you mean"),
        (["-"], "served by its name or its path"),
        (["--solutions", "no/such/x.py"], "does not exist"),
        (["--data", "no-list.txt"], "no-list.txt"),
        (["--public-url", "ninja"], "a scheme and a host"),
        (["--host", "no such host"], "is no address of this machine"),
        (["--each", "a", "--solutions", "b.py"], "only one of them can be"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    code, said = refused(tmp_path, *arguments)
    assert code == 2
    assert sentence in said
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused(tmp_path, "--port", str(port))
    assert (code, said) == (
        2, f"ninja-tui: port {port} is taken: --port {port + 1} tries another, --port 0 takes one that is free\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "192.0.2.7", "--trust"],  # for documentation: no machine has it
        ["--each", "class/3b/answers", "nmes"],
        ["--host", "0.0.0.0", "--data", "no-list.txt"],
        ["--host", "0.0.0.0", "--each", "taken.txt", "--port", "0", "--trust"],
        ["--each", "taken.txt/below", "--port", "0"],
    ],
)
def test_where_nothing_is_served_no_folder_is_left(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "taken.txt").write_text("a file", encoding="utf-8")
    code, said = refused(tmp_path, *arguments)
    assert code == 2
    assert "Traceback" not in said
    assert [each.name for each in tmp_path.iterdir()] == ["taken.txt"]


def test_the_folder_for_answers_is_there_once_it_is_served(tmp_path: Path) -> None:
    with serving(tmp_path, "--each", "class/3b") as served:
        assert "class/3b/NAME/solutions.py" in served.told
        assert (tmp_path / "class" / "3b").is_dir()


def without(package: str, folder: Path) -> str:
    """A path for Python on which ``package`` cannot be imported."""
    (folder / "path").mkdir()
    (folder / "path" / f"{package}.py").write_text(f"raise ModuleNotFoundError('no', name='{package}')\n")
    return f"{folder / 'path'}{os.pathsep}{ROOT}"


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    code, said = refused(tmp_path, PYTHONPATH=without("textual_serve", tmp_path))
    assert (code, said) == (
        2, "ninja-tui: the app in a browser needs a package more: pip install 'ninja-tui[web]'\n"
    )  # fmt: skip


def test_no_one_from_elsewhere_is_taken_where_nothing_locks_their_code_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from ninja_tui.cli import main
    from ninja_tui.engine.protocol.processes import Protection
    from ninja_tui.engine.workers import client
    from ninja_tui.serve import running

    served: list[Site] = []

    def keep(site: Site, tell: Callable[[tuple[str, ...]], None]) -> int:
        served.append(site)
        tell((site.host,))
        return signal.SIGINT

    monkeypatch.setattr(client, "protection", Protection)
    monkeypatch.setattr(client, "stop_server", lambda: None)
    monkeypatch.setattr(running, "serve", keep)
    monkeypatch.chdir(tmp_path)
    for reached in (["--host", "0.0.0.0"], ["--public-url", "https://ninja.example.org"]):
        served.clear()
        assert main(["serve", *reached]) == 2
        assert "nothing on this system locks in the code" in capsys.readouterr().err
        assert served == []
        assert main(["serve", *reached, "--trust"]) == 130
        assert "whoever reaches this address types Python" in capsys.readouterr().err
        assert [site.each for site in served] == [Path("answers")]
    for private in ([], ["--public-url", "http://localhost:9000"]):
        served.clear()
        assert main(["serve", *private]) == 130
        assert capsys.readouterr().err == ""
        assert [site.each for site in served] == [None]


@pytest.mark.slow
def test_a_long_paste_arrives_whole(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    line = "# " + "x" * 60
    code = "\n".join([line] * 500 + ["dlogprobs = torch.zeros_like(logprobs)"])

    async def visit(served: Served) -> None:
        url = f"{served.url}/ws/all?width=120&height=40"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, origin=served.url) as page:
            await painted(page, "forward 1/20")
            await page.send_json(["stdin", "tne"])
            await painted(page, "typing")
            await page.send_str(json.dumps(["stdin", f"\x01\x1b[200~{code}\x1b[201~"]))
            await painted(page, "fail")
            await page.send_json(["stdin", "\r"])
            assert await asyncio.to_thread(comes, (tmp_path / "solutions.py").exists)

    with serving(tmp_path, "--data", "some.txt") as served:
        asyncio.run(visit(served))
        time.sleep(0.1)
        assert served.end() == 130
    assert (tmp_path / "solutions.py").read_text(encoding="utf-8").count(line) == 500
