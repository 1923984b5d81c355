"""SASL OAUTHBEARER (RFC 7628) and its forerunner XOAUTH2: a login by a token, as every server here reads it.

The tokens are Facteur's own: app passwords, made for one program and taken back alone.
"""

from .errors import BadSyntax, Denied

MECHANISMS = ("OAUTHBEARER", "XOAUTH2")
REFUSAL = b'{"status":"invalid_token","schemes":"bearer","scope":"mail"}'
"""What a wrong token is answered with, as a challenge, before the login fails (RFC 7628 §3.2.2)."""
_MAX_LOGIN = 320


def read(mechanism: str, message: bytes) -> tuple[str, str]:
    """(login, token) of a client's message, the base64 around it undone; BadSyntax for anything else."""
    try:
        text = message.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadSyntax("That is not UTF-8") from error
    head, *pairs = text.split("\x01")
    if mechanism == "OAUTHBEARER":
        login = _read_gs2(head)
    else:
        name, _, login = head.partition("=")
        if name.lower() != "user":
            raise BadSyntax("That is not an XOAUTH2 message")
    # Both end with two marks, whatever pairs come before.
    if len(pairs) < 3 or pairs[-2:] != ["", ""]:
        raise BadSyntax(f"That is not an {mechanism} message")
    if not login or len(login) > _MAX_LOGIN or "\0" in login:
        raise BadSyntax("Say whose token it is")
    return login, _find_token(pairs[:-2])


def _read_gs2(head: str) -> str:
    """The name in `n,a=name,` (RFC 5801 §4), whose commas and equals signs are written as =2C and =3D."""
    binding, _, rest = head.partition(",")
    name, comma, nothing = rest.partition(",")
    if binding.startswith("p="):
        raise Denied("A token cannot be bound to the channel")
    if binding not in ("n", "y") or not comma or nothing or (name and not name.startswith("a=")):
        raise BadSyntax("That is not an OAUTHBEARER message")
    escaped = name[2:].split("=")
    if any(part[:2].upper() not in ("2C", "3D") for part in escaped[1:]):
        raise BadSyntax("That is not an OAUTHBEARER message")
    return escaped[0] + "".join(("," if part[:2].upper() == "2C" else "=") + part[2:] for part in escaped[1:])


def _find_token(pairs: list[str]) -> str:
    found = [value for name, _, value in (pair.partition("=") for pair in pairs) if name.lower() == "auth"]
    if len(found) != 1:
        raise BadSyntax("One token is expected")
    scheme, _, token = found[0].partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or not token.isascii() or not token.isprintable():
        raise BadSyntax("A bearer token is expected")
    return token
