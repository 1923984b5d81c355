"""Lines of `access` as lists of the server and as relayed domains."""

import re

from mailcore.filtering.policy import lists, shelf
from mailcore.filtering.policy.verdicts import Act

from .. import patterns, relays
from .plans import LeftOut, Plan, There
from .reading import Line

_PREFIX = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}\.?")
_TAG = re.compile(r"(connect|from|to|spam|greetpause|clientrate|clientconn|tls_\w+|srv_features|try_tls|auth):(.*)", re.IGNORECASE)
_NO = re.compile(r"(error:|reject\b|5\d\d\b|550|deny\b)", re.IGNORECASE)
_WORDS = {"ok": Act.ACCEPT, "discard": Act.DISCARD, "hold": Act.HOLD, "quarantine": Act.HOLD}


def of_access(line: Line, _domain: str) -> Plan:
    tagged = _TAG.fullmatch(line.key)
    tag, key = (tagged[1].lower(), tagged[2]) if tagged else ("", line.key)
    first = line.value.split(None, 1)[0].lower() if line.value else ""
    if tag not in ("", "connect", "from", "to"):
        raise LeftOut(f"{tag}: has no counterpart here.")
    if first in ("dunno", "skip"):
        raise LeftOut("A line that says nothing needs no place.")
    if first == "relay" or (first == "ok" and tag == "to"):
        return _relay(tag, key)
    if tag == "to":
        raise LeftOut("Recipients are refused by not being there; one that is can be made to receive nothing by suspending it.")
    act = _read_act(first, line.value)
    subject, pattern = lists.read_pattern(_widen(key))
    if tag == "connect" and subject != "peer":
        raise LeftOut("Hosts are known by their addresses here, not by their names.")
    known = next((one for one in lists.list_all(owner="system", limit=100_000) if one.pattern == pattern), None)
    if known is not None:
        if known.act == act:
            raise There(f"{pattern} is on the list.")
        raise LeftOut(f"{pattern} is on the list as {known.act} already; it is not overwritten.")
    note = line.value if first not in ("ok", "reject", "discard", "hold") else " ".join(line.value.split()[1:])
    return Plan(f"{pattern}: {act}", lambda: lists.put(owner="system", pattern=pattern, act=act, note=note))


def forget() -> None:
    shelf.forget()


def _read_act(first: str, value: str) -> Act:
    if _NO.match(value):
        if re.match(r"error:4|error:\"4", value, re.IGNORECASE):
            raise LeftOut("Strangers can be put off by greylisting, not by a list's 4xx.")
        return Act.REFUSE
    found = _WORDS.get(first.partition(":")[0])
    if found is None:
        raise LeftOut(f"{first or 'An empty value'} has no counterpart here.")
    return found


def _relay(tag: str, key: str) -> Plan:
    if tag == "from":
        raise LeftOut("Nobody may relay by writing a sender: a login is needed.")
    if tag == "connect" or lists.read_pattern(_widen(key))[0] == "peer":
        raise LeftOut("Networks that may send without a login are not there; give the programs logins.")
    name = patterns.read_domain(key)
    if name in {one.name for one in relays.list_relayed()}:
        raise There(f"{name} is relayed.")
    return Plan(f"mail for {name} is taken from anybody and passed on", lambda: relays.relay(domain=name, note="from a table"))


def _widen(key: str) -> str:
    """`192.0.2` is a network in these tables."""
    if key.lower().startswith("ipv6:"):
        return key[5:]
    if _PREFIX.fullmatch(key):
        parts = key.rstrip(".").split(".")
        return ".".join([*parts, *["0"] * (4 - len(parts))]) + f"/{8 * len(parts)}"
    return key
