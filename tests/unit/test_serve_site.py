"""To whom the app is served: by which names the server is asked, which pages drive it, where answers go."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.serve.app_process import on_screen
from ninja_tui.serve.running import addresses
from ninja_tui.serve.site import Addresses, Site, is_loopback, read_public_url, visitor_name

ALONE = Addresses("127.0.0.1", own_names=["desk"])
CLASS = Addresses("0.0.0.0", own_names=["desk"])
BEHIND = Addresses("127.0.0.1", "https://ninja.example.org", own_names=[])


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000", "192.168.1.20:8000", "desk:8000"]
)
def test_the_server_is_asked_by_numbers_and_by_the_machines_own_names(host: str) -> None:
    assert ALONE.answers_to(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com:8000",
        "127.0.0.1.evil.example.com",
        "localhost.evil.example.com:8000",
        "desk.evil.example.com",
        "127.0.0.1:8000@evil.example.com",
        "",
        "[::1",
        "localhost; script-src *",
    ],
)
def test_a_name_that_someone_else_leads_here_is_refused(host: str) -> None:
    assert not ALONE.answers_to(host)
    assert not CLASS.answers_to(host)


def test_in_a_class_the_machine_is_found_by_its_name_in_the_local_network() -> None:
    assert CLASS.answers_to("desk.local:8000")
    assert not ALONE.answers_to("desk.local:8000")


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://localhost:9000", "localhost:9000", True),  # as through `ssh -L 9000:localhost:8000`
        ("https://localhost:8000", "localhost:8000", True),
        ("http://localhost:3000", "localhost:8000", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("http://evil.example.com", "evil.example.com", False),
        ("http://evil.example.com", "127.0.0.1:8000", False),
        ("null", "127.0.0.1:8000", False),
        ("", "127.0.0.1:8000", False),
        (None, "127.0.0.1:8000", False),
    ],
)
def test_only_a_page_of_this_server_drives_the_app(origin: str | None, host: str, own: bool) -> None:
    assert ALONE.is_own_page(origin, host) is own


def test_behind_a_proxy_the_page_has_the_public_address_and_the_request_perhaps_another() -> None:
    assert BEHIND.is_own_page("https://ninja.example.org", "ninja.example.org")
    assert BEHIND.is_own_page("https://ninja.example.org", "127.0.0.1:8000")
    assert not BEHIND.is_own_page("https://example.org", "127.0.0.1:8000")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ada Lovelace", "ada-lovelace"),
        ("  ADA   lovelace ", "ada-lovelace"),
        ("Zoë", "zoë"),
        ("Ｘ", "x"),
        ("m_2.b", "m_2.b"),
        ("a" * 40, "a" * 40),
    ],
)
def test_a_name_is_the_same_person_however_it_is_written(text: str, name: str) -> None:
    assert visitor_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "  ", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", "a.", "<b>", "a\0b", "a\nb/..", "a" * 41]
)
def test_what_could_lead_out_of_the_folder_is_no_name(text: str) -> None:
    assert visitor_name(text) is None


def test_each_visitor_has_a_file_of_their_own_or_all_have_one() -> None:
    each = Site("0.0.0.0", 8000, (), None, Path("answers"), 20)
    one = Site("127.0.0.1", 8000, (), Path("solutions.py"), None, 20)
    assert each.answers_of("ada") == Path("answers/ada/solutions.py")
    assert one.answers_of("ada") == one.answers_of("bob") == Path("solutions.py")


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.1.20", False),
        ("::", False),
    ],
)
def test_others_reach_whatever_is_not_this_machine_alone(host: str, private: bool) -> None:
    assert is_loopback(host) is private


def test_a_server_on_all_addresses_is_told_by_one_from_elsewhere_and_one_from_here() -> None:
    *elsewhere, here = addresses(Site("0.0.0.0", 0, (), None, Path("answers"), 1), 8000)
    assert here == "http://127.0.0.1:8000"
    assert len(elsewhere) == 1
    assert addresses(Site("::1", 0, (), Path("s.py"), None, 1), 8000) == ("http://[::1]:8000",)
    assert addresses(Site("::1", 0, (), Path("s.py"), None, 1, "https://a.b"), 8000) == ("https://a.b",)


def test_a_public_url_is_a_scheme_and_a_host() -> None:
    assert read_public_url("https://Ninja.example.org/") == "https://ninja.example.org"
    assert read_public_url("http://10.0.0.2:8080") == "http://10.0.0.2:8080"
    for wrong in (
        "ninja.example.org",
        "ftp://x",
        "https://",
        "https://x/path",
        "https://u@x",
        "https://x:0",
        "https://[x",
    ):
        with pytest.raises(UsageError, match="--public-url"):
            read_public_url(wrong)


def test_a_browser_cannot_ask_for_a_screen_that_nobody_has() -> None:
    assert on_screen(120, 40) == (120, 40)
    assert on_screen(0, -5) == (1, 1)
    assert on_screen(10**9, 10**9) == (500, 200)
