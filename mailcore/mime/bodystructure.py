"""IMAP BODY and BODYSTRUCTURE of a structure, ready to send.

RFC 9051 §7.5.2, §9 (body). A parameter that is not ASCII goes in its RFC 2231 form
(`filename*` `utf-8''…`), which every client that knows such names can read.
"""

from collections.abc import Iterable
from urllib.parse import quote

from . import wire
from .parts import Part


def describe(root: Part) -> tuple[bytes, bytes]:
    """(BODYSTRUCTURE, BODY), which differ in the extension data alone: one walk makes both."""
    if root.is_multipart:
        children = [describe(child) for child in root.children]
        kind = b" " + wire.text(root.subtype.upper())
        full = b"".join([child for child, _ in children]) + kind + b" " + _parameters(root.params)
        bare = b"".join([child for _, child in children]) + kind
    else:
        full, bare = _describe_single(root)
    return b"(%b %b %b %b)" % (full, _disposition(root), _language(root.language), wire.text(root.location)), b"(%b)" % bare


def _describe_single(part: Part) -> tuple[bytes, bytes]:
    params = part.params
    if part.type == "text" and "charset" not in params:
        params = {"charset": "us-ascii", **params}
    common = b"%b %b %b %b %b %b %d" % (
        wire.text(part.type.upper()),
        wire.text(part.subtype.upper()),
        _parameters(params),
        wire.text(part.content_id),
        wire.text(part.description),
        wire.text(part.encoding.upper()),
        part.size,
    )
    full = bare = common
    if part.message is not None:
        inner_full, inner_bare = describe(part.message.root)
        full = b"%b %b %b %d" % (common, part.message.envelope, inner_full, part.lines)
        bare = b"%b %b %b %d" % (common, part.message.envelope, inner_bare, part.lines)
    elif part.type == "text":
        full = bare = b"%b %d" % (common, part.lines)
    return b"%b %b" % (full, wire.text(part.md5)), bare


def _parameters(params: dict[str, str]) -> bytes:
    if not params:
        return b"NIL"
    return b"(%b)" % b" ".join(_pairs(params.items()))


def _pairs(items: Iterable[tuple[str, str]]) -> Iterable[bytes]:
    for name, value in items:
        if value.isascii():
            yield wire.text(name)
            yield wire.text(value)
        else:
            yield wire.text(name + "*")
            yield wire.text("utf-8''" + quote(value.encode("utf-8", "replace"), safe="!#$&+-.^_`|~"))


def _disposition(part: Part) -> bytes:
    if part.disposition is None:
        return b"NIL"
    return b"(%b %b)" % (wire.text(part.disposition), _parameters(part.disposition_params))


def _language(language: tuple[str, ...]) -> bytes:
    if not language:
        return b"NIL"
    if len(language) == 1:
        return wire.text(language[0])
    return b"(%b)" % b" ".join(map(wire.text, language))
