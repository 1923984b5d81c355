"""Accounts on other servers, for the settings: what the form says, and how each fares in plain words."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailcore.retrieval import accounts
from mailcore.retrieval.accounts import Wanted
from mailcore.retrieval.faults import Kind
from mailcore.retrieval.models import Account

from .preferences import Text

FAULTS: dict[str, Text] = {
    Kind.LOGIN: gettext_lazy("The server refused the name or the password."),
    Kind.BUSY: gettext_lazy("The server asks to come back later."),
    Kind.CERTIFICATE: gettext_lazy("The server's certificate is not trusted, so the password was not sent."),
    Kind.SECURITY: gettext_lazy("No secure connection could be made, so the password was not sent."),
    Kind.UNREACHABLE: gettext_lazy("The server cannot be reached. Check its name and port."),
    Kind.FORBIDDEN: gettext_lazy("This server may not be collected from: it lies in a private network."),
    Kind.SLOW: gettext_lazy("The server did not answer in time."),
    Kind.BROKEN: gettext_lazy("The server broke off, or answered what cannot be understood."),
    Kind.TOO_MUCH: gettext_lazy("The server sent more than it announced. That message is passed over."),
    Kind.NO_FOLDER: gettext_lazy("The folder to collect is not there."),
    Kind.FULL: gettext_lazy("Your mailbox is full. What does not fit stays on the other server."),
    Kind.HERE: gettext_lazy("Something is amiss on this server."),
}
PROTOCOLS: tuple[tuple[str, Text], ...] = (("imap", "IMAP"), ("pop3", "POP3"))
SECURITIES: tuple[tuple[str, Text], ...] = (
    ("tls", gettext_lazy("TLS from the start")), ("starttls", "STARTTLS"), ("none", gettext_lazy("None: the password goes in clear")),
)  # fmt: skip
KEEPS: tuple[tuple[str, Text], ...] = (
    ("keep", gettext_lazy("Leave it there")), ("delete", gettext_lazy("Delete it there once it is here")),
    ("days", gettext_lazy("Delete it there after")),
)  # fmt: skip
INTERVALS: tuple[tuple[int, Text], ...] = (
    (300, gettext_lazy("5 minutes")), (900, gettext_lazy("15 minutes")), (3_600, gettext_lazy("60 minutes")),
    (21_600, gettext_lazy("6 hours")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    account: Account
    fault: Text
    last_run: datetime | None
    next_run: datetime | None
    refused: int

    @property
    def is_paused(self) -> bool:
        return bool(self.account.pause)


def list_rows(*, mailbox_id: int) -> list[Row]:
    found = accounts.list_of(mailbox_id=mailbox_id)
    refused = accounts.count_refused(found)
    return [describe(one, refused=refused.get(one.pk, 0)) for one in found]


def describe(account: Account, *, refused: int) -> Row:
    return Row(
        account=account,
        fault=FAULTS.get(account.fault, ""),
        last_run=_when(account.last_run_at),
        next_run=None if account.pause else _when(account.next_run_at),
        refused=refused,
    )


def say(fault_kind: str) -> str:
    return str(FAULTS.get(fault_kind, _("Something is amiss on this server.")))


def list_securities() -> list[tuple[str, Text]]:
    """Without TLS only where whoever runs the server allows it."""
    return [one for one in SECURITIES if one[0] != "none" or settings.FACTEUR.retrieval_plain]


def list_intervals(present: int) -> list[tuple[int, Text]]:
    known = list(INTERVALS)
    if all(seconds != present for seconds, _label in known):
        known.append((present, _("%(count)d seconds") % {"count": present}))
    return sorted(known, key=lambda one: one[0])


def start() -> Wanted:
    return Wanted(protocol="imap", host="", login="")


def read(post: QueryDict, *, account: Account | None) -> Wanted:
    """What was typed, over what cannot be set here (a domain's envelope header)."""
    base = start() if account is None else accounts.wanted_of(account)
    return replace(
        base,
        protocol=post.get("protocol", ""),
        host=post.get("host", "")[:300],
        port=_number(post.get("port", "")),
        security=post.get("security", ""),
        login=post.get("login", "").strip()[:300],
        secret=post.get("secret", "")[:300] or None,
        remote_folder=post.get("remote_folder", "").strip() or "INBOX",
        target=post.get("target", ""),
        keep=post.get("keep", ""),
        keep_days=_number(post.get("keep_days", "")),
        interval=_number(post.get("interval", "")),
    )


def _number(text: str) -> int:
    """-1 is what no field takes; nothing is 0."""
    text = text.strip()
    if not text:
        return 0
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


def _when(at: int) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at else None
