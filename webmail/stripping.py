"""A message without one of its files. The part stays, as a line of text that says what was there."""

from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.mime.parts import Part
from mailcore.mime.structure import parse

from .access.opened import list_leaves, read_attachment


def strip(raw: bytes, number: int) -> tuple[bytes, str]:
    """New bytes, and the name of what went. NotFound where there is no such file, BadSyntax where it is all there is."""
    root = parse(raw).root
    leaves = list_leaves(raw)
    if not 0 <= number < len(leaves):
        raise NotFound("There is no such attachment.")
    part = leaves[number]
    if part is root:
        raise BadSyntax("This file is the whole message.")
    attachment, _data = read_attachment(raw, number)
    note = f"The file {attachment.filename} ({attachment.media_type}, {attachment.size} bytes) was taken out of this message.\r\n"
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-Disposition: inline\r\n\r\n"
    start, end = _extent(part)
    return raw[:start] + head + note.encode() + raw[end:], attachment.filename


def _extent(part: Part) -> tuple[int, int]:
    return part.header_start, part.body_end
