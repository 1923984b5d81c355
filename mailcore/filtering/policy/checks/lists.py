"""Allow and block lists. Whoever is to be let in by name has to be proved; whoever is blocked need not be."""

from collections.abc import Iterator

from .. import lists
from ..lists import Found
from ..verdicts import Act, Verdict
from ..visit import Addressee, Letter, Visit, fold

RULE = "lists"
SYSTEM = ("system",)


def of_peer(visit: Visit) -> Iterator[Verdict]:
    """CONNECT: the server's list of networks."""
    found = lists.find_peer(visit.peer, SYSTEM)
    if found is not None:
        yield _say(found, f"{visit.peer} is not welcome here.")


def of_sender(visit: Visit) -> Iterator[Verdict]:
    """MAIL: the server's list of senders."""
    found = lists.find_sender(visit.folded_sender, SYSTEM)
    if found is not None and found.entry.act != Act.ACCEPT:
        yield _say(found, "This sender is not welcome here.")


def of_recipient(visit: Visit, addressee: Addressee) -> Iterator[Verdict]:
    """RCPT: the lists of the domain and the mailbox; who is accepted there is not asked for more at this stage."""
    owners = addressee.owners[:-1]
    if not owners:
        return
    found = lists.find_sender(visit.folded_sender, owners) or lists.find_peer(visit.peer, owners)
    if found is not None:
        yield _say(found, "The recipient does not take mail from this sender.")


def of_author(visit: Visit, letter: Letter, addressee: Addressee) -> Iterator[Verdict]:
    """DATA: the author in the header; and senders to be let in, now that proofs are known."""
    proofs = letter.sample.proofs
    author = fold(letter.sample.author[1])
    unproved: Found | None = None
    for address, proved in ((author, proofs.get("dmarc") == "pass"), (visit.folded_sender, proofs.get("spf") == "pass")):
        found = lists.find_sender(address, addressee.owners)
        if found is None:
            continue
        if found.entry.act != Act.ACCEPT:
            # At this stage a no would be for all recipients.
            act = Act.QUARANTINE if found.entry.act in (Act.REFUSE, Act.GREYLIST) else Act(found.entry.act)
            yield Verdict(act, RULE, found.words)
            return
        if proved:
            yield Verdict(Act.ACCEPT, RULE, found.words)
            return
        unproved = found
    if unproved is not None:
        yield Verdict(Act.TAG, RULE, f"{unproved.words}, and is not proved: anybody could write so")


def _say(found: Found, public: str) -> Verdict:
    return Verdict(Act(found.entry.act), RULE, found.words, public=public)
