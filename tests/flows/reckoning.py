"""After the storm: where is every message that was accepted, and is any there twice?"""

import time
from collections import Counter
from dataclasses import dataclass

from tests.flows.facteur import Facteur, wait_until
from tests.flows.sending import Ledger


@dataclass(frozen=True, slots=True)
class Reckoning:
    accepted: int
    delivered: int
    queued: int
    bounced: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    kept_though_refused: tuple[str, ...]
    unsure: int
    unsure_delivered: int
    refused: int
    findings: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"accepted {self.accepted}, delivered {self.delivered}, queued {self.queued}, bounced {self.bounced}, "
            f"lost {len(self.lost)}, doubled {len(self.doubled)}; connection broken after DATA {self.unsure} "
            f"(of these delivered once {self.unsure_delivered}), refused {self.refused} "
            f"(of these kept {len(self.kept_though_refused)}); findings in the store {len(self.findings)}"
        )


def settle_down(facteur: Facteur, seconds: float) -> int:
    """Wait until nothing waits that a living worker will take; then do what the dead held. How many they held."""
    deadline = time.monotonic() + seconds
    # Listeners outlive a killed front for a moment, and still greet; those of a living one are below the launcher.
    wait_until(lambda: bool(facteur.pids("child")) and facteur.speaks(), 60, "a listener after the last kill")
    while facteur.inside("queue")["queued"] and time.monotonic() < deadline:
        time.sleep(0.5)
    return int(facteur.inside("catch_up"))


def reckon(facteur: Facteur, ledger: Ledger) -> Reckoning:
    copies = {address: facteur.message_ids(address) for address in facteur.addresses}
    in_queue = facteur.inside("queue")
    waiting, failed = {*in_queue["queued"], *in_queue["leased"]}, set(in_queue["failed"])
    total: Counter[str] = Counter()
    for found in copies.values():
        total += found
    delivered = {key for key, recipient in ledger.accepted.items() if copies[recipient][key] >= 1}
    elsewhere = set(ledger.accepted) - delivered
    return Reckoning(
        accepted=len(ledger.accepted),
        delivered=len(delivered),
        queued=len(elsewhere & waiting),
        bounced=len(elsewhere & failed),
        lost=tuple(elsewhere - waiting - failed),
        doubled=tuple(key for key, count in total.items() if count > 1),
        kept_though_refused=tuple(key for key in ledger.refused if total[key] or key in waiting),
        unsure=len(ledger.unsure),
        unsure_delivered=sum(total[key] == 1 for key in ledger.unsure),
        refused=len(ledger.refused),
        findings=tuple(facteur.inside("check")),
    )
