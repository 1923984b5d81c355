"""HELO: a host that gives our own name, or one that can be nobody's."""

from collections.abc import Iterator

from ..verdicts import Act, Verdict
from ..visit import Visit

RULE = "greeting"


def ask(visit: Visit) -> Iterator[Verdict]:
    helo = visit.helo.lower().rstrip(".")
    if helo == visit.hostname.lower():
        yield Verdict(Act.TAG, RULE, "the host calls itself by our name", points=3.0)
    elif helo in ("localhost", "localhost.localdomain", "127.0.0.1", "[127.0.0.1]"):
        yield Verdict(Act.TAG, RULE, f"the host calls itself {helo}", points=1.5)
