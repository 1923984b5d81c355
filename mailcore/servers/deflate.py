"""A connection's two deflate streams (RFC 4978).

Small windows: a compressed session costs about 60 KB. What comes is inflated a bounded piece at a
time, so that a few octets which stand for gigabytes never do so in memory.
"""

import zlib
from collections.abc import Iterator

PIECE = 65_536
LEVEL = 5
_WINDOW = 13
_MEMORY = 5


class Corrupt(Exception):
    """What came is not deflate, or goes on after its end."""


class Deflate:
    def __init__(self) -> None:
        self._out = zlib.compressobj(LEVEL, zlib.DEFLATED, -_WINDOW, _MEMORY)
        self._in = zlib.decompressobj(-zlib.MAX_WBITS)

    def pack(self, data: bytes) -> bytes:
        """Compressed, and flushed so that the other side can read all of it."""
        return self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH) if data else b""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """At most PIECE octets at a time; take each before asking for the next."""
        while True:
            if self._in.eof and data:
                raise Corrupt
            try:
                piece = self._in.decompress(data, PIECE)
            except zlib.error as error:
                raise Corrupt from error
            data = self._in.unconsumed_tail or self._in.unused_data
            if piece:
                yield piece
            # A full piece may have more behind it even where all input was taken.
            if not data and len(piece) < PIECE:
                return
