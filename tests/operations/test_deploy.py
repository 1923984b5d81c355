"""What `deploy/` ships names metrics that exist."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.environment import BASE, SETTINGS
from mailcore.servers import exposition
from mailcore.servers.certificates import ensure

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
    ensure(data=settings.FACTEUR.data, hostname=settings.FACTEUR.hostname)
    text = exposition.render().decode()
    rows = set(ROW_METRICS.findall((BASE / "mailcore/servers/exposition.py").read_text()))
    assert {name for name in rows if f"\n{name}" not in text} == set()


def test_the_guide_names_what_exists() -> None:
    text = (BASE / "docs/operate.md").read_text()
    for path in re.findall(r"(?<![\w/-])deploy/[\w./-]+\w", text):
        assert (BASE / path).exists(), path
    commands = {path.stem for path in (BASE / "mailcore/management/commands").glob("*.py")}
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= commands
    known_settings = {f"FACTEUR_{setting.name.upper()}" for setting in SETTINGS}
    assert set(re.findall(r"FACTEUR_[A-Z0-9_]+", text)) <= known_settings


@pytest.mark.parametrize("path", ["Containerfile", "systemd/facteur.service", "systemd/facteur-backup.service"])
def test_what_is_deployed_names_what_exists(path: str) -> None:
    text = (BASE / "deploy" / path).read_text()
    commands = {file.stem for file in (BASE / "mailcore/management/commands").glob("*.py")}
    assert set(re.findall(r'manage\.py"?,? "?([a-z_]+)', text)) <= commands
    for folder in re.findall(r"^COPY (\w+) ", text, re.MULTILINE):
        assert (BASE / folder).is_dir(), folder


def test_the_units_are_understood_by_systemd(tmp_path: Path) -> None:
    """With a program that is here in the place of the one that will be there."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    units = sorted((BASE / "deploy/systemd").iterdir())
    for unit in units:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/facteur/.venv/bin/python", sys.executable))
    found = subprocess.run(
        [program, "verify", "--man=no", *(str(tmp_path / unit.name) for unit in units)], capture_output=True, text=True, timeout=60
    )
    said = [line for line in found.stderr.splitlines() if str(tmp_path) in line or line.startswith("facteur")]
    assert (found.returncode, said) == (0, [])
