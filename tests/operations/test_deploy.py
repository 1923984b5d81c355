"""What `deploy/` ships names metrics that exist."""

import json
import re

import pytest

from config.environment import BASE
from mailcore.servers import exposition

ROW_METRICS = re.compile(r'GaugeMetricFamily\("(facteur_\w+)"')
COUNTED = re.compile(r'(Counter|Gauge)\("(facteur_\w+)"')


def known() -> set[str]:
    found = set(ROW_METRICS.findall((BASE / "mailcore/servers/exposition.py").read_text()))
    for kind, name in COUNTED.findall((BASE / "mailcore/metrics.py").read_text()):
        found.add(f"{name}_total" if kind == "Counter" else name)
    return found


@pytest.mark.parametrize("path", ["deploy/grafana/facteur.json", "deploy/prometheus/facteur.rules.yml"])
def test_boards_and_rules_name_what_is_measured(path: str) -> None:
    text = (BASE / path).read_text()
    named = set(re.findall(r"facteur_[a-z_]+", text))
    assert named
    assert named <= known()


def test_the_board_is_one() -> None:
    board = json.loads((BASE / "deploy/grafana/facteur.json").read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


@pytest.mark.django_db
def test_what_the_rows_say_is_exposed() -> None:
    text = exposition.render().decode()
    rows = set(ROW_METRICS.findall((BASE / "mailcore/servers/exposition.py").read_text()))
    assert {name for name in rows if f"\n{name}" not in text} == set()
