"""The report inside a message: found by its bytes, unpacked without trust. Pure.

Whatever the packing promises, no more than MAX_PLAIN octets are ever made of it.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator

from mailcore.mime import content, structure
from mailcore.mime.parts import walk

MAX_PACKED = 10_000_000
MAX_PLAIN = 20_000_000
MAX_PARTS = 20
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class BadReport(ValueError):
    """No report, or one that cannot be believed; the text says why."""


def find(raw: bytes) -> Iterator[bytes]:
    """The unpacked texts that may be reports, in order. BadReport where one is larger than a report may be."""
    leaves = [part for part in walk(structure.parse(raw).root) if not part.children and part.message is None]
    for part in leaves[:MAX_PARTS]:
        if part.type == "text" and part.subtype in ("plain", "html"):
            continue
        if part.size > MAX_PACKED * 2:
            raise BadReport("it is larger than a report may be")
        text = unpack(content.decoded(raw, part))
        if text.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{"):
            yield text


def unpack(data: bytes) -> bytes:
    if data.startswith(_GZIP):
        return _limited(_gunzip(data))
    if data.startswith(_ZIP):
        return _limited(_unzip(data))
    return _limited(data)


def _limited(data: bytes) -> bytes:
    if len(data) > MAX_PLAIN:
        raise BadReport("unpacked it is larger than a report may be")
    return data


def _gunzip(data: bytes) -> bytes:
    machine = zlib.decompressobj(wbits=31)
    try:
        return machine.decompress(data, MAX_PLAIN + 1)
    except zlib.error as error:
        raise BadReport("it cannot be unpacked") from error


def _unzip(data: bytes) -> bytes:
    """The first file; its declared size is not believed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [one for one in archive.infolist() if not one.is_dir()]
            if not names:
                raise BadReport("the archive is empty")
            with archive.open(names[0]) as file:
                return file.read(MAX_PLAIN + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, ValueError, EOFError) as error:
        raise BadReport("it cannot be unpacked") from error
