"""Packs: what is synced is read back, and a torn tail harms nothing."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mailcore.store.packs import HEADER, Packs, find_end


def test_bytes_come_back_from_another_reader(tmp_path: Path) -> None:
    packs = Packs(tmp_path)
    places = [(packs.append(data), data) for data in (b"", b"one", b"x" * 100_000)]
    packs.sync({name for (name, _), _ in places})
    other = Packs(tmp_path)
    for (name, offset), data in places:
        assert other.read(name, offset, len(data)) == data
    assert list(other.read_many([(name, offset, len(data)) for (name, offset), data in places])) == [data for _, data in places]


def test_two_writers_never_share_a_pack(tmp_path: Path) -> None:
    first, second = Packs(tmp_path), Packs(tmp_path)
    assert first.append(b"a")[0] != second.append(b"b")[0]


def test_a_left_pack_is_claimed_again(tmp_path: Path) -> None:
    first = Packs(tmp_path)
    name, offset = first.append(b"abc")
    first.close()
    second = Packs(tmp_path)
    assert second.append(b"def") == (name, offset + 3 + HEADER.size)
    assert second.read(name, offset, 3) == b"abc"


@pytest.mark.parametrize("cut", [1, 3, HEADER.size, HEADER.size + 2])
def test_a_pack_with_a_torn_tail_is_left_alone(tmp_path: Path, cut: int) -> None:
    first = Packs(tmp_path)
    name, offset = first.append(b"whole")
    first.append(b"torn")
    first.close()
    path = tmp_path / name
    os.truncate(path, path.stat().st_size - cut)
    second = Packs(tmp_path)
    assert second.append(b"next")[0] != name or cut == HEADER.size + len(b"torn")
    assert second.read(name, offset, 5) == b"whole"


def test_a_tail_of_zeros_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "a.pack"
    path.write_bytes(HEADER.pack(2, b"d" * 32) + b"ok" + bytes(500))
    with path.open("rb") as file:
        assert find_end(file.fileno(), path.stat().st_size) == HEADER.size + 2


def test_reading_past_the_end_is_an_error(tmp_path: Path) -> None:
    packs = Packs(tmp_path)
    name, offset = packs.append(b"short")
    with pytest.raises(OSError, match="ends before"):
        packs.read(name, offset, 50)


def test_what_was_synced_survives_a_kill(tmp_path: Path) -> None:
    code = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from mailcore.store.packs import Packs
        packs = Packs(Path({str(tmp_path)!r}))
        name, offset = packs.append(b"kept" * 1000)
        packs.sync({{name}})
        print(name, offset, flush=True)
        packs.append(b"perhaps")
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert run.returncode == -signal.SIGKILL, run.stderr
    name, offset = run.stdout.split()
    packs = Packs(tmp_path)
    assert packs.read(name, int(offset), 4000) == b"kept" * 1000
    new_name, new_offset = packs.append(b"after")
    packs.sync({new_name})
    assert packs.read(new_name, new_offset, 5) == b"after"


def test_a_failed_flush_promises_nothing_and_the_next_message_goes_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packs = Packs(tmp_path)
    failed, _ = packs.append(b"lost")
    packs.append(b"of another thread that has not asked yet")

    def fail(fd: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="Input/output"):
            packs.sync({failed})
    with pytest.raises(OSError, match="failed to keep"):
        packs.sync({failed})
    name, offset = packs.append(b"more")
    packs.sync({name})
    assert name != failed
    assert packs.read(name, offset, 4) == b"more"


def test_a_flush_that_fails_at_the_end_of_a_pack_fails_its_messages_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailcore.store.packs.MAX_PACK_BYTES", 10)
    packs = Packs(tmp_path)
    full, _ = packs.append(b"0123456789")

    def fail(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="No space"):
            packs.append(b"next")
    with pytest.raises(OSError, match="failed to keep"):
        packs.sync({full})
    name, _ = packs.append(b"next")
    packs.sync({name})
    assert name != full
