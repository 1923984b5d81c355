"""Bytes to text under whatever charset name a message claims. Never raises.

RFC 2978 names, plus those that broken programs write. Only names from a closed table reach
Python's codecs: `codecs.lookup` remembers every unknown name it was asked for, for ever.
"""

import codecs
import re
from encodings.aliases import aliases as _PYTHON_ALIASES
from functools import lru_cache

_ALIASES = {
    # ASCII and Latin-1 are what senders say; cp1252 is what they send.
    "ascii": "cp1252",
    "us_ascii": "cp1252",
    "latin_1": "cp1252",
    "latin1": "cp1252",
    "iso_8859_1": "cp1252",
    "iso8859_1": "cp1252",
    "iso88591": "cp1252",
    "windows_1252": "cp1252",
    "ansi_x3.4_1968": "cp1252",
    "ansi_x3_4_1968": "cp1252",
    "8859_1": "cp1252",
    "l1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x_gbk": "gb18030",
    "gb_2312_80": "gb18030",
    "chinese": "gb18030",
    "euc_cn": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "ks_c_5601": "cp949",
    "ks_c_5601_1987": "cp949",
    "ks_c_5601_1989": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "euc_kr": "cp949",
    "x_windows_949": "cp949",
    "windows_949": "cp949",
    "shift_jis": "cp932",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "x_sjis": "cp932",
    "windows_31j": "cp932",
    "x_euc_jp": "euc_jp",
    "cp50220": "iso2022_jp_ext",
    "iso_2022_jp": "iso2022_jp_ext",
    "big5": "cp950",
    "x_x_big5": "cp950",
    "tis_620": "cp874",
    "iso_8859_11": "cp874",
    "windows_874": "cp874",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "iso_8859_9": "cp1254",
    "utf8": "utf_8",
    "utf_8": "utf_8",
    "utf8mb4": "utf_8",
    "unicode_1_1_utf_8": "utf_8",
    "unicode_1_1_utf_7": "utf_7",
    "unicode": "utf_16",
    "x_mac_roman": "mac_roman",
    "macintosh": "mac_roman",
    "x_mac_ce": "mac_latin2",
    "x_cp1250": "cp1250",
    "x_cp1251": "cp1251",
    "koi8_ru": "koi8_u",
}
# Not text encodings, or ones whose decoders read escapes or cost more than linear time.
_REFUSED = frozenset(
    {
        *("base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"),
        *("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "charmap"),
    }
)
_KNOWN = (
    frozenset(_PYTHON_ALIASES) | frozenset(_PYTHON_ALIASES.values()) | frozenset({"utf_8_sig", "koi8_u", "cp874", "cp1125"})
) - _REFUSED
_NOT_NAME = re.compile(r"[^a-z0-9.]+")
_SURROGATES = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=256)
def _find_codec(charset: str) -> str | None:
    name = _NOT_NAME.sub("_", charset.lower()).strip("_")
    if name in _ALIASES:
        return _ALIASES[name]
    for candidate in (name, name.replace(".", "_"), name.removeprefix("x_"), name.replace("windows_", "cp", 1)):
        if candidate in _ALIASES:
            return _ALIASES[candidate]
        if candidate in _KNOWN and _PYTHON_ALIASES.get(candidate) not in _REFUSED:
            try:
                return codecs.lookup(candidate).name
            except LookupError:
                continue
    return None


def decode(data: bytes, charset: str | None = None) -> str:
    """Text of `data`. An unknown or wrong charset falls back to UTF-8, then to cp1252.

    The result has no lone surrogates, so it can always be stored and sent as UTF-8.
    """
    if data.isascii() and (not charset or len(charset) > 40):
        return data.decode("ascii")
    codec = _find_codec(charset) if charset and len(charset) <= 40 else None
    if codec is None or codec == "cp1252":
        return _decode_western(data, utf8_first=codec is None)
    try:
        text = data.decode(codec)
    except (UnicodeError, ValueError):
        if codec != "utf_8":
            text = data.decode(codec, "replace")
        else:
            text = _decode_utf8_loosely(data)
    return _SURROGATES.sub("\ufffd", text)


def _decode_utf8_loosely(data: bytes) -> str:
    """Mostly UTF-8 keeps its good characters; what is not UTF-8 at all is read as cp1252."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = len(text) - len(data.decode("ascii", "ignore")) - broken
    return text if good >= broken else _decode_western(data, utf8_first=False)


def _decode_western(data: bytes, *, utf8_first: bool) -> str:
    if utf8_first or not data.isascii():
        # Even where Latin-1 is claimed: bytes that are valid UTF-8 beyond ASCII are hardly ever anything else.
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return data.decode("cp1252", "replace")


def decode_header_bytes(data: bytes) -> str:
    """Text of header bytes: ASCII, else UTF-8 (RFC 6532), else cp1252. NULs are dropped."""
    text = data.decode("ascii") if data.isascii() else _decode_western(data, utf8_first=True)
    return text.replace("\0", "") if "\0" in text else text
