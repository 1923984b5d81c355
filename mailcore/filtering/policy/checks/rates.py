"""DATA: how much one address and one network may send, by the hour and the day. Nothing is counted where nothing is limited."""

import time
from collections.abc import Iterator

from mailcore.directory.throttle import network_of

from .. import levels, tallies
from ..verdicts import Act, Verdict
from ..visit import Letter, Visit

RULE = "rates"
SYSTEM = ("system",)
KINDS = ("messages_hour", "messages_day", "recipients_hour", "recipients_day")


def ask(visit: Visit, letter: Letter) -> Iterator[Verdict]:
    now = int(time.time())
    counted: list[str] = []
    for level, subject in (("peer", f"peer:{visit.peer[:60]}"), ("net", f"net:{network_of(visit.peer) or visit.peer[:60]}")):
        limits = {kind: levels.find(f"{level}_{kind}", SYSTEM).value for kind in KINDS}
        if not any(limits.values()):
            continue
        sent = tallies.read(subject, now=now)
        for kind, limit in limits.items():
            more = 1 if kind.startswith("messages") else len(letter.recipients)
            if limit and getattr(sent, kind) + more > limit:
                what, _, period = kind.partition("_")
                who = "address" if level == "peer" else "network"
                text = f"Your {who} may send {limit:.0f} {what} {'an hour' if period == 'hour' else 'a day'} to this server"
                yield Verdict(Act.GREYLIST, RULE, f"limit {level}_{kind} of this server reached", public=f"{text}; try again later.")
                return
        counted.append(subject)
    if counted:
        tallies.count(counted, recipients=len(letter.recipients), now=now)
