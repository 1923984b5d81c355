"""A mail address as a value: local part and domain, folded for comparison.

RFC 5321 §4.1.2 (quoted local parts), RFC 6531 (UTF-8), RFC 5891 (IDNA). The domain is
kept as its lower-case A-label, so two spellings of one domain compare equal.
"""

import re
from dataclasses import dataclass

from .errors import BadSyntax

MAX_LOCAL = 64
MAX_REWRITTEN = 255
"""A local part that holds a whole address (SRS) must be longer than people's own."""
MAX_DOMAIN = 255
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_LITERAL = re.compile(r"\[[0-9A-Za-z:.]{2,80}\]\Z")
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*\Z")


def fold_domain(name: str) -> str:
    """The lower-case A-label form of a domain name; raises BadSyntax."""
    text = name.strip().rstrip(".")
    if _LITERAL.match(text):
        return text.lower()
    try:
        ascii_name = text.encode("idna").decode("ascii").lower() if not text.isascii() else text.lower()
    except UnicodeError as error:
        raise BadSyntax("That is not a domain name.", f"{name!r}: {error}") from error
    if not ascii_name or len(ascii_name) > MAX_DOMAIN or not all(_LABEL.match(label) for label in ascii_name.split(".")):
        raise BadSyntax("That is not a domain name.", repr(name))
    return ascii_name


def show_domain(ascii_name: str) -> str:
    """The Unicode form of an A-label domain, or the name itself where it has none."""
    try:
        return ascii_name.encode("ascii").decode("idna")
    except UnicodeError:
        return ascii_name


@dataclass(frozen=True, slots=True)
class MailAddress:
    """`local` as written without quotes; `domain` folded."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> "MailAddress":
        """Read `local@domain` or `"quoted local"@domain`; raises BadSyntax."""
        local, at, domain = text.strip().rpartition("@")
        if not at or not local:
            raise BadSyntax("An address has the form name@domain.", repr(text))
        if local.startswith('"') and local.endswith('"') and len(local) >= 2:
            local = re.sub(r"\\(.)", r"\1", local[1:-1])
            if re.search(r"[\x00-\x1f\x7f]", local):
                raise BadSyntax("The part before @ holds a control character.", repr(text))
        elif not _ATEXT.match(local):
            raise BadSyntax("The part before @ holds a character that needs quotes.", repr(text))
        if len(local.encode()) > (MAX_REWRITTEN if local[:3].upper() == "SRS" else MAX_LOCAL):
            raise BadSyntax("The part before @ is longer than 64 octets.", repr(text))
        return cls(local, fold_domain(domain))

    @property
    def folded_local(self) -> str:
        return self.local.casefold()

    @property
    def folded(self) -> str:
        return f"{self.folded_local}@{self.domain}"

    def split_detail(self, separators: str = "+") -> tuple[str, str]:
        """(user, detail) of a plus address, RFC 5233; detail is "" where there is none."""
        for position, char in enumerate(self.local):
            if char in separators and position > 0:
                return self.local[:position], self.local[position + 1 :]
        return self.local, ""

    def __str__(self) -> str:
        if _ATEXT.match(self.local):
            return f"{self.local}@{self.domain}"
        quoted = re.sub(r'([\\"])', r"\\\1", self.local)
        return f'"{quoted}"@{self.domain}'
