"""Errors by meaning. Each face maps them once to its own codes (SMTP, IMAP, HTTP).

`public` is safe to show to the other side; `detail` is for the log and the journey.
"""


class MailError(Exception):
    """Base of every error that a face answers in its own words."""

    def __init__(self, public: str, detail: str = "") -> None:
        super().__init__(public)
        self.public = public
        self.detail = detail or public


class BadSyntax(MailError):
    """What was sent cannot be understood."""


class Denied(MailError):
    """Understood, and not allowed to this principal."""


class Throttled(Denied):
    """Too many guesses; nothing was checked."""


class NotFound(MailError):
    """The named object does not exist, or not for this principal."""


class Conflict(MailError):
    """The name is taken, or the object changed meanwhile."""


class LimitReached(MailError):
    """A limit bit; `public` names the level that set it."""


class OverQuota(LimitReached):
    """The mailbox has no room for this message."""


class Deferred(MailError):
    """Not now; trying again later may work. Nothing was kept."""


class Refused(MailError):
    """Never; trying again will not help."""
