"""What the peer offers in its answer to EHLO (RFC 5321 §4.1.1.1)."""

from dataclasses import dataclass

from ..grammar.replies import PeerReply


@dataclass(frozen=True, slots=True)
class Offers:
    keywords: frozenset[str] = frozenset()
    max_size: int = 0
    """0: no limit was named."""
    mechanisms: frozenset[str] = frozenset()
    least_by: int = 0
    """The shortest time to deliver in that the peer takes (RFC 2852 §3); 0: none was named."""

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords


def read_offers(reply: PeerReply) -> Offers:
    keywords: set[str] = set()
    mechanisms: set[str] = set()
    max_size = least_by = 0
    for line in reply.lines[1:]:
        # "AUTH=LOGIN" is an old misspelling that some servers still send beside the right one.
        words = line.upper().replace("AUTH=", "AUTH ", 1).split()
        if not words:
            continue
        keywords.add(words[0])
        if words[0] == "AUTH":
            mechanisms.update(words[1:])
        elif words[0] == "SIZE" and len(words) > 1 and words[1].isdecimal() and len(words[1]) <= 20:
            max_size = int(words[1])
        elif words[0] == "DELIVERBY" and len(words) > 1 and words[1].isdecimal() and len(words[1]) <= 9:
            least_by = int(words[1])
    return Offers(frozenset(keywords), max_size, frozenset(mechanisms), least_by)
