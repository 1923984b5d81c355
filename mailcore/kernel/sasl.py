"""SASL PLAIN as every server here reads it (RFC 4616). SCRAM is in `scram`."""

from .errors import BadSyntax, Denied


def read_plain(message: bytes) -> tuple[str, str]:
    """(login, secret) of `[authzid] NUL authcid NUL passwd` (RFC 4616 §2), the base64 around it undone.

    BadSyntax for anything else, Denied where somebody would act for another: that is not offered.
    """
    try:
        authzid, login, secret = message.decode("utf-8").split("\0")
    except ValueError as error:
        raise BadSyntax("That is not a PLAIN message") from error
    if not login or not secret:
        raise BadSyntax("A PLAIN message holds a name and a password")
    if authzid not in ("", login):
        raise Denied("Acting for another user is not offered")
    return login, secret
