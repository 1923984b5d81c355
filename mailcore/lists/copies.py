"""What is each member's own in a copy: the envelope sender (VERP) and the link that unsubscribes.

RFC 8058 §3: one POST to the link unsubscribes, and our DKIM signature covers both fields. Made from the
address alone, without a look at the rows: this runs for each copy.
"""

from django.conf import settings

from mailcore.kernel.errors import MailError
from mailcore.queue.claims import Lease

from . import keys, roster

SOURCE = "list"


def is_copy(lease: Lease) -> bool:
    return lease.source == SOURCE


def sender_of(lease: Lease) -> str:
    """`team-bounces+KEY@`, so that what comes back names the member by itself."""
    own = keys.list_of(lease.sender)
    return keys.command_address(own, "bounces", keys.member_key(list_address=own, email=_email(lease)))


def lines_of(lease: Lease) -> bytes:
    """Whole fields, to be put before the message."""
    own = keys.list_of(lease.sender)
    token = keys.leave_token(keys.member_key(list_address=own, email=_email(lease)))
    link, mail = leave_url(own, token), keys.command_address(own, "unsubscribe")
    return f"List-Unsubscribe: <{link}>,\r\n\t<mailto:{mail}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()


def page_url(list_address: str) -> str:
    return f"https://{settings.FACTEUR.hostname}/lists/{list_address}/"


def leave_url(list_address: str, token: str) -> str:
    return f"{page_url(list_address)}leave/{token}"


def confirm_url(list_address: str, token: str) -> str:
    return f"{page_url(list_address)}confirm/{token}"


def held_url(list_address: str, token: str) -> str:
    return f"{page_url(list_address)}held/{token}"


def _email(lease: Lease) -> str:
    """Of a member whose address is an alias the one that is on the list: what it was queued for first."""
    first = lease.orcpt.partition(";")[2] if lease.orcpt else lease.address
    try:
        return roster.fold(first)
    except MailError:
        return lease.address.lower()
