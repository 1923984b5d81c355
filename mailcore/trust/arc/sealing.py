"""Adding our own ARC set to a message we pass on. RFC 8617 §5.1. Pure."""

from collections.abc import Sequence

from ..dkim.signing import SigningKey, choose_names, close, make_field
from ..dkim.verification import Bodies
from ..fields import Field
from .chain import MESSAGE, RESULTS, SEAL, ArcSet, BrokenChain, collect, gather_seal

MAX_SETS = 50


def seal(fields: Sequence[Field], bodies: Bodies, key: SigningKey, *, results: str, chain: str, now: int) -> bytes:
    """The three fields to put before the message; b"" where nothing may be added.

    `results` is what Authentication-Results says after the name of this host and `;`, with the name.
    `chain` is what `chain.check` found: none, pass or fail. A chain that is broken gets no further
    seal: nobody could believe it, and §5.1.2 wants it said only once.
    """
    try:
        earlier = collect(fields)
    except BrokenChain:
        return b""
    number = len(earlier) + 1
    if number > MAX_SETS or chain != ("pass" if earlier else "none"):
        return b""
    own_results = Field(RESULTS, f"ARC-Authentication-Results: i={number}; {results}\r\n".encode("ascii", "replace"))
    names = [*choose_names(fields), *(field.name for field in fields if field.name == b"dkim-signature")]
    start = f"i={number}; a={key.algorithm}; c=relaxed/relaxed;\r\n\td={key.domain}; s={key.selector}; t={now};"
    own_message = Field(MESSAGE, make_field("ARC-Message-Signature", start, fields, names, bodies, key))
    text = f"ARC-Seal: i={number}; a={key.algorithm}; t={now}; cv={chain};\r\n\td={key.domain}; s={key.selector};\r\n\tb="
    unsigned = Field(SEAL, text.encode("ascii") + b"\r\n")
    signed = gather_seal([*earlier, ArcSet(own_results, own_message, unsigned)])
    return close(text, signed, key) + own_message.raw + own_results.raw
