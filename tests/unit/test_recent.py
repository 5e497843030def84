"""What is kept for another use has a bound, however many keys there are."""

from __future__ import annotations

from ninja_tui.engine.protocol.recent import ENTRY, Recent


def test_a_value_is_there_until_others_need_its_room() -> None:
    kept: Recent[str, int] = Recent(3 * (1000 + ENTRY))
    for number, key in enumerate("abc"):
        kept.put(key, number, 1000)
    assert [kept.get(key) for key in "abc"] == [0, 1, 2]
    kept.put("d", 3, 1000)
    assert [kept.get(key) for key in "abcd"] == [None, 1, 2, 3]


def test_what_was_used_last_stays() -> None:
    kept: Recent[str, int] = Recent(2 * ENTRY)
    kept.put("a", 1, 0)
    kept.put("b", 2, 0)
    assert kept.get("a") == 1
    kept.put("c", 3, 0)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_what_is_too_large_is_not_kept_and_drops_nothing() -> None:
    kept: Recent[str, int] = Recent(2 * ENTRY)
    kept.put("a", 1, 0)
    kept.put("b", 2, 2 * ENTRY)
    assert (kept.get("a"), kept.get("b")) == (1, None)


def test_values_without_bytes_of_their_own_take_room_too() -> None:
    kept: Recent[int, int] = Recent(10 * ENTRY)
    for number in range(100):
        kept.put(number, number, 0)
    assert sum(kept.get(number) is not None for number in range(100)) == 10
