"""CONNECT: who speaks before it is greeted is no mail server (RFC 5321 §3.1). Asked only where the greeting is delayed."""

from collections.abc import Iterator

from ..verdicts import Act, Verdict
from ..visit import Visit


def ask(visit: Visit) -> Iterator[Verdict]:
    if visit.spoke_early:
        yield Verdict(Act.REFUSE, "early", "it spoke before it was greeted", public="Wait for the greeting.")
