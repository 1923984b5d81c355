"""Substring search over decoded headers and text, always exact.

`texts` says what a message's searchable text is, `index` keeps it per blob with trigrams,
`matching` answers one leaf of a search; what the index lacks is read and parsed on the spot.
The index is a cache beside the packs, on any database: losing it costs time only.
"""

from .indexing import index_pending

__all__ = ["index_pending"]
