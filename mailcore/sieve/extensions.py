"""The names `require` takes here; ManageSieve announces them."""

from .comparators import Comparator

_WORDS = """
body comparator-i;ascii-numeric copy date duplicate editheader encoded-character enotify envelope environment ereject extracttext fileinto
foreverypart ihave imap4flags include index mailbox mboxmetadata mime regex reject relational servermetadata spamtest spamtestplus
special-use subaddress vacation vacation-seconds variables virustest
"""
SUPPORTED = frozenset(_WORDS.split()) | {f"comparator-{one.value}" for one in Comparator}
ANNOUNCED = tuple(sorted(SUPPORTED - {"comparator-i;octet", "comparator-i;ascii-casemap"}))
"""Without what RFC 5228 §2.7.3 has every script use without asking."""
NOTIFY_METHODS = ("mailto",)
