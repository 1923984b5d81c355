"""`header`, `address`, `exists`, `envelope`, `size` and the tests of tests.

RFC 5228 §5, RFC 5233 (`:user`, `:detail`).
"""

from collections.abc import Callable, Sequence

from mailcore.mime import addresses
from mailcore.mime.addresses import Mailbox

from .. import tags
from ..compiler import Compiler, TestWord
from ..faults import RunFault, ScriptFault
from ..run import Condition, Run
from ..signatures import Bound, Kind, Signature, TagRule, Unsupported
from .fields import check_mime, header_values, part_headers, raw_values

ADDRESS_FIELDS = frozenset(
    (
        "from", "to", "cc", "bcc", "sender", "reply-to", "resent-from", "resent-to", "resent-cc", "resent-bcc", "resent-sender",
        "resent-reply-to", "return-path", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-envelope-from", "errors-to",
        "mail-followup-to", "mail-reply-to", "disposition-notification-to", "return-receipt-to", "apparently-to", "list-post", "approved",
    )
)  # fmt: skip
"""Header fields that hold addresses: RFC 5228 §5.1 forbids `address` on others."""
PartOf = Callable[[Run, str, str], str | None]
"""(run, local, domain) → what is compared, None where the address has no such part."""


def _header(compiler: Compiler, bound: Bound) -> Condition:
    values = header_values(compiler, bound, compiler.strings(bound.strings(0)))
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(1)))
    return lambda run: matcher(run, values(run))


def _address(compiler: Compiler, bound: Bound) -> Condition:
    names = compiler.strings(bound.strings(0))
    for item in names.items:
        if item.constant is not None and item.constant.lower() not in ADDRESS_FIELDS:
            raise ScriptFault(item.place, f"“{item.constant}” is not a header field of addresses; use “header”")
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(1)))
    part = _part_of(bound)
    is_plain = not bound.has("index") and not bound.has("mime")
    values_of = raw_values(compiler, bound)

    def mailboxes(run: Run, name: str) -> Sequence[Mailbox]:
        if name not in ADDRESS_FIELDS:
            raise RunFault(f"“{name[:60]}” is not a header field of addresses")
        if is_plain:
            return run.letter.addresses(name)
        return [one for value in values_of(run, name) for one in addresses.list_mailboxes(value)]

    def condition(run: Run) -> bool:
        found = [one for name in names.get(run) for one in mailboxes(run, name.lower())]
        texts = (part(run, one.local, one.domain) if one.domain else None for one in found)
        return matcher(run, [text for text in texts if text is not None])

    return condition


def _part_of(bound: Bound) -> PartOf:
    chosen = bound.chosen("localpart", "domain", "user", "detail")
    if chosen == "localpart":
        return lambda run, local, domain: local
    if chosen == "domain":
        return lambda run, local, domain: domain
    if chosen == "user":
        return lambda run, local, domain: _split(run, local)[0]
    if chosen == "detail":
        return lambda run, local, domain: _split(run, local)[1]
    return lambda run, local, domain: f"{local}@{domain}"


def _split(run: Run, local: str) -> tuple[str, str | None]:
    """RFC 5233 §4: without a separator there is no detail, which is not the same as an empty one."""
    for position, char in enumerate(local):
        if position and char in run.world.separators:
            return local[:position], local[position + 1 :]
    return local, None


def _exists(compiler: Compiler, bound: Bound) -> Condition:
    check_mime(bound)
    names = compiler.strings(bound.strings(0))
    if not bound.has("mime"):
        return lambda run: all(name in run.letter.headers for name in names.get(run))
    every = bound.has("anychild")
    return lambda run: all(any(name in headers for headers in part_headers(run, every=every)) for name in names.get(run))


def _envelope(compiler: Compiler, bound: Bound) -> Condition:
    parts = compiler.strings(bound.strings(0))
    for item in parts.items:
        if item.constant is not None and item.constant.lower() not in ("from", "to", "auth"):
            raise Unsupported(item.place, f"the envelope has no “{item.constant}”; known are from, to, auth")
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(1)))
    part = _part_of(bound)

    def read(run: Run, name: str) -> str | None:
        if name.lower() == "auth":
            return run.world.authenticated or None
        path = {"from": run.world.sender, "to": run.world.recipient}.get(name.lower())
        if path is None:
            raise RunFault(f"the envelope has no “{name[:60]}”")
        if not path:
            # RFC 5228 §5.4: of the null sender every part is empty.
            return "" if name.lower() == "from" else None
        local, _, domain = path.rpartition("@")
        return part(run, local, domain)

    def condition(run: Run) -> bool:
        texts = (read(run, name) for name in parts.get(run))
        return matcher(run, [text for text in texts if text is not None])

    return condition


def _size(compiler: Compiler, bound: Bound) -> Condition:
    limit = bound.number(0)
    if bound.has("over"):
        return lambda run: run.letter.size > limit
    if bound.has("under"):
        return lambda run: run.letter.size < limit
    raise ScriptFault(bound.place, "“size” needs “:over” or “:under”")


def _not(compiler: Compiler, bound: Bound) -> Condition:
    inner = compiler.test(bound.tests[0])
    return lambda run: not inner(run)


def _allof(compiler: Compiler, bound: Bound) -> Condition:
    inner = tuple(compiler.test(one) for one in bound.tests)
    return lambda run: all(one(run) for one in inner)


def _anyof(compiler: Compiler, bound: Bound) -> Condition:
    inner = tuple(compiler.test(one) for one in bound.tests)
    return lambda run: any(one(run) for one in inner)


TESTS: dict[str, TestWord] = {
    "header": TestWord(Signature(tags=tags.MATCH | tags.INDEX | tags.MIME_OPTIONS, values=(Kind.STRINGS, Kind.STRINGS)), _header),
    "address": TestWord(
        Signature(tags=tags.MATCH | tags.ADDRESS_PART | tags.INDEX | tags.MIME, values=(Kind.STRINGS, Kind.STRINGS)), _address
    ),
    "exists": TestWord(Signature(tags=tags.MIME, values=(Kind.STRINGS,)), _exists),
    "envelope": TestWord(Signature(tags=tags.MATCH | tags.ADDRESS_PART, values=(Kind.STRINGS, Kind.STRINGS)), _envelope, "envelope"),
    "size": TestWord(Signature(tags={"over": TagRule(group="size"), "under": TagRule(group="size")}, values=(Kind.NUMBER,)), _size),
    "not": TestWord(Signature(tests="one"), _not),
    "allof": TestWord(Signature(tests="many"), _allof),
    "anyof": TestWord(Signature(tests="many"), _anyof),
    "true": TestWord(Signature(), lambda compiler, bound: lambda run: True),
    "false": TestWord(Signature(), lambda compiler, bound: lambda run: False),
}
