"""The collation i;unicode-casemap: how SORT and THREAD compare text.

RFC 5051 §2: each character to its simple titlecase, then decomposed; what is left is compared
as it stands. Code points of the result sort as its UTF-8 octets do.
"""

import unicodedata


def casemap(text: str) -> str:
    """Texts that the collation calls equal give the same value; plain comparison gives its order."""
    if text.isascii():
        return text.upper()
    return unicodedata.normalize("NFKD", "".join(map(_titlecase, text)))


def _titlecase(char: str) -> str:
    title = char.title()
    # Only simple mappings count (RFC 5051 §2.1): one character for one.
    return title if len(title) == 1 else char
