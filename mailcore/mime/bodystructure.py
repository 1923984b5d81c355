"""IMAP BODY and BODYSTRUCTURE of a structure, ready to send.

RFC 9051 §7.5.2, §9 (body). A parameter that is not ASCII goes in its RFC 2231 form
(`filename*` `utf-8''…`), which every client that knows such names can read.
"""

from collections.abc import Iterable
from urllib.parse import quote

from . import wire
from .parts import Part


def bodystructure(root: Part, *, extensible: bool) -> bytes:
    """extensible=True is BODYSTRUCTURE, False is BODY."""
    out: list[bytes] = []
    _write(root, extensible, out)
    return b"".join(out)


def _write(part: Part, extensible: bool, out: list[bytes]) -> None:
    out.append(b"(")
    if part.is_multipart:
        for child in part.children:
            _write(child, extensible, out)
        out.append(b" " + wire.text(part.subtype.upper()))
        if extensible:
            out.append(b" " + _parameters(part.params))
    else:
        _write_single(part, extensible, out)
    if extensible:
        out.append(b" %b %b %b" % (_disposition(part), _language(part.language), wire.text(part.location)))
    out.append(b")")


def _write_single(part: Part, extensible: bool, out: list[bytes]) -> None:
    params = part.params
    if part.type == "text" and "charset" not in params:
        params = {"charset": "us-ascii", **params}
    out.append(
        b"%b %b %b %b %b %b %d"
        % (
            wire.text(part.type.upper()),
            wire.text(part.subtype.upper()),
            _parameters(params),
            wire.text(part.content_id),
            wire.text(part.description),
            wire.text(part.encoding.upper()),
            part.size,
        )
    )
    if part.message is not None:
        out.append(b" " + part.message.envelope + b" ")
        _write(part.message.root, extensible, out)
        out.append(b" %d" % part.lines)
    elif part.type == "text":
        out.append(b" %d" % part.lines)
    if extensible:
        out.append(b" " + wire.text(part.md5))


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
