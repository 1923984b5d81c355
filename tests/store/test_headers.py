from pathlib import Path

import pytest

from mailcore.store import headers
from mailcore.store.packs import Packs


def test_each_is_read_once_and_none_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headers, "MAX_KEPT", 4)
    monkeypatch.setattr(headers, "MAX_LENGTH", 6)
    monkeypatch.setattr(headers, "_kept", {})
    packs = Packs(tmp_path)
    texts = [f"text {number}".encode() + b"!" * (number == 2) for number in range(7)]
    locators = [(*packs.append(text), len(text)) for text in texts]
    for chosen in ([0, 1, 2], [2, 1, 1, 0, 0], [3, 4, 5, 6, 3], [0, 6], []):
        found = list(headers.read_many(packs, [locators[number] for number in chosen]))
        assert found == [texts[number] for number in chosen]
        assert len(headers._kept) <= 4
    assert locators[2] not in headers._kept
