"""Whatever is killed, what was accepted is delivered, and once."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.flows.facteur import Facteur
from tests.flows.killing import Killer
from tests.flows.reckoning import reckon, settle_down
from tests.flows.sending import Senders

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")]

IS_SOAK = os.environ.get("FACTEUR_SOAK") == "1"
MESSAGES, KILLS, GAP, BOUND = (2_000, 20, 0.3, 900.0) if IS_SOAK else (200, 2, 0.5, 90.0)
HEAD_START = 0.01


def _log(facteur: Facteur) -> str:
    """Without the line for each message."""
    return "\n".join(line for line in facteur.output.splitlines() if " INFO " not in line)[-6000:]


def test_every_accepted_message_survives_every_kill(tmp_path: Path) -> None:
    with Facteur(tmp_path / "data", people=10) as facteur:
        began = time.monotonic()
        senders = Senders(
            port=facteur.ports["smtp"], sender=facteur.addresses[0], recipients=facteur.addresses, total=MESSAGES,
            # Spread over all the kills: mail is on its way whenever one strikes.
            allowed=lambda: MESSAGES * (HEAD_START + killer.progress),
        )  # fmt: skip
        killer = Killer(facteur, accepted=lambda: len(senders.ledger.accepted), each=KILLS, gap=GAP)
        senders.start()
        killer.start()
        killer.finish(BOUND)
        senders.finish(60)
        stormed = time.monotonic() - began
        left_by_the_dead = settle_down(facteur, 30)
        result = reckon(facteur, senders.ledger)
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(killer.kills.items()))
        print(f"\n{result}\nkills: {kinds}; {stormed:.0f} s of sending and killing, {time.monotonic() - began:.0f} s in all")
        print(f"left leased by killed workers: {left_by_the_dead}; refusals: {sorted(senders.ledger.replies)}")

        assert all(count >= KILLS for count in killer.kills.values()) and len(killer.kills) == 4, _log(facteur)
        assert result.accepted >= MESSAGES, _log(facteur)
        assert not result.lost
        assert not result.doubled
        assert not result.kept_though_refused
        assert not result.findings
        assert (result.queued, result.bounced) == (0, 0), facteur.inside("queue")
