"""GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3). Whether one may is the store's to say."""

from mailcore.kernel.mailstore import FlagMode
from mailcore.kernel.rights import ALL, show_rights

from ..grammar.acl import Named, SetAcl
from ..grammar.responses import write_astring
from .basics import Reply
from .core import Connection


def get_acl(session: Connection, name: str) -> Reply:
    entries = session.mail.list_grants(name)
    pieces = [b" %b %b" % (write_astring(who.encode()), write_astring(show_rights(rights).encode("ascii"))) for who, rights in entries]
    yield b"* ACL %b%b\r\n" % (session.write_name(name), b"".join(pieces))
    return b"Rights listed"


def set_acl(session: Connection, asked: SetAcl) -> Reply:
    yield from ()
    session.mail.set_grant(asked.folder, asked.identifier, asked.mode, asked.rights)
    return b"Rights set"


def delete_acl(session: Connection, asked: Named) -> Reply:
    yield from ()
    session.mail.set_grant(asked.folder, asked.identifier, FlagMode.REPLACE, "")
    return b"Entry removed"


def list_rights(session: Connection, asked: Named) -> Reply:
    """Each right stands for itself, but for the owner, who has them all (RFC 4314 §3.7)."""
    entries = session.mail.list_grants(asked.folder)
    owners = {who for who, rights in entries[:1] if rights == ALL}
    every = show_rights(ALL)
    text = every.encode("ascii") if asked.identifier in owners else b'"" ' + " ".join(every).encode("ascii")
    yield b"* LISTRIGHTS %b %b %b\r\n" % (session.write_name(asked.folder), write_astring(asked.identifier.encode()), text)
    return b"Rights listed"


def my_rights(session: Connection, name: str) -> Reply:
    yield rights_line(session, name, session.mail.get_rights(name))
    return b"Rights given"


def rights_line(session: Connection, name: str, rights: str) -> bytes:
    return b"* MYRIGHTS %b %b\r\n" % (session.write_name(name), write_astring(show_rights(rights).encode("ascii")))
