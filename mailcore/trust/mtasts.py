"""MTA-STS: a domain says which hosts take its mail, under TLS that is vouched for. RFC 8461. Pure.

The policies of others are parsed here; `stspolicies` fetches and keeps them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import tags
from .tags import BadTags

MODES = ("enforce", "testing", "none")
MAX_AGE = 31_557_600
MAX_HOSTS = 100
MAX_TEXT = 65_536
_ID = re.compile(r"[A-Za-z0-9]{1,32}\Z")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9])?\Z")


class BadPolicy(ValueError):
    """Not a policy that can be followed."""


@dataclass(frozen=True, slots=True)
class Policy:
    mode: str
    hosts: tuple[str, ...]
    max_age: int


def read_record(texts: Sequence[str]) -> str | None:
    """The id of the one `_mta-sts` record; None where there is none to follow (§3.1)."""
    found = [text for text in texts if re.match(r"v=STSv1[ \t]*;", text)]
    if len(found) != 1:
        return None
    try:
        policy_id = tags.parse(found[0]).get("id", "")
    except BadTags:
        return None
    return policy_id if _ID.match(policy_id) else None


def parse(text: str) -> Policy:
    """§3.2: `key: value` lines; of a key given twice the first counts, unknown keys are passed over."""
    if len(text) > MAX_TEXT:
        raise BadPolicy("larger than a policy may be")
    values: dict[str, str] = {}
    hosts: list[str] = []
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if not line.strip():
            continue
        if not colon:
            raise BadPolicy("a line without a colon")
        if key == "mx":
            hosts.append(value.lower().rstrip("."))
        else:
            values.setdefault(key, value)
    mode, age = values.get("mode", ""), values.get("max_age", "")
    if values.get("version") != "STSv1":
        raise BadPolicy("of no known version")
    if mode not in MODES:
        raise BadPolicy("without a known mode")
    if not re.fullmatch(r"\d{1,10}", age):
        raise BadPolicy("without max_age")
    if (mode != "none" and not hosts) or len(hosts) > MAX_HOSTS or not all(_HOST.match(host) for host in hosts):
        raise BadPolicy("without usable mx lines")
    return Policy(mode, tuple(hosts), min(int(age), MAX_AGE))


def matches(host: str, patterns: Sequence[str]) -> bool:
    """§4.1: `*.example.org` is one label more, and only at the left."""
    name = host.lower().rstrip(".")
    return any(name == pattern or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:]) for pattern in patterns)
