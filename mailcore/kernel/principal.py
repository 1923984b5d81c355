"""Who is logged in, as every protocol and page sees it."""

from dataclasses import dataclass
from enum import StrEnum

from .ids import MailboxId, UserId


class Service(StrEnum):
    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"
    SIEVE = "sieve"
    WEB = "web"
    API = "api"


class Role(StrEnum):
    ROOT = "root"
    DOMAIN_ADMIN = "domain_admin"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Principal:
    user_id: UserId
    login: str
    role: Role
    auth_version: int
    mailbox_id: MailboxId | None = None
    """None for an administrator without a mailbox."""
    address: str = ""
