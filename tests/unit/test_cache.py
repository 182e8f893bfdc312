"""Builds that are kept from one clone to the next."""

import threading
from pathlib import Path

import pytest

from tools import cache


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_build_is_made_once_per_key() -> None:
    made: list[Path] = []

    def fill(folder: Path) -> None:
        made.append(folder)
        (folder / "tool").write_text("built")

    first, again, other = (cache.kept("tool", key, fill) for key in ("a", "a", "b"))
    assert first == again != other
    assert len(made) == 2
    assert (first / "tool").read_text() == (other / "tool").read_text() == "built"


def test_of_two_that_ask_at_once_one_builds_and_both_have_it() -> None:
    begun, go_on = threading.Event(), threading.Event()
    made: list[str] = []
    got: list[Path] = []

    def slow(folder: Path) -> None:
        made.append(folder.name)
        begun.set()
        assert go_on.wait(10)

    def ask() -> None:
        got.append(cache.kept("tool", "a", slow))

    both = [threading.Thread(target=ask) for _ in range(2)]
    both[0].start()
    assert begun.wait(10)
    both[1].start()
    both[1].join(0.2)
    assert both[1].is_alive()  # it waits for the first
    go_on.set()
    for one in both:
        one.join(10)
    assert len(made) == 1
    assert got[0] == got[1]
    assert got[0].is_dir()


def test_build_that_broke_off_is_not_taken_for_a_finished_one() -> None:
    def broken(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError("no compiler")

    with pytest.raises(ValueError, match="no compiler"):
        cache.kept("tool", "a", broken)
    assert not list(cache.folder().glob("*tool-a*/"))

    killed = cache.folder() / ".tool-a.1"  # what one leaves that had no time to clear away
    killed.mkdir()
    (killed / "half").touch()
    found = cache.kept("tool", "a", lambda folder: (folder / "whole").touch())
    assert [path.name for path in found.iterdir()] == ["whole"]
    assert found.stat().st_mode & 0o777 == 0o755
    assert not killed.exists()


def test_name_of_one_build_nested_in_another_is_no_deadlock() -> None:
    def outer(folder: Path) -> None:
        (folder / "base").symlink_to(cache.kept("root", "a", lambda _: None))

    found = cache.kept("root-a", "b", outer)
    assert (found / "base").resolve() == cache.folder() / "root-a"
