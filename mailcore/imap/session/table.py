"""The one table of commands: verb, parser, handler, where it is allowed, how it counts.

CAPABILITY derives from it, and so does what may run without a thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mailcore.kernel import errors

from ..grammar import acl as acl_grammar
from ..grammar import append as append_grammar
from ..grammar import copy as copy_grammar
from ..grammar import esearch as esearch_grammar
from ..grammar import fetch as fetch_grammar
from ..grammar import folders as folder_grammar
from ..grammar import listing as listing_grammar
from ..grammar import login as login_grammar
from ..grammar import metadata as metadata_grammar
from ..grammar import notify as notify_grammar
from ..grammar import quota as quota_grammar
from ..grammar import search as search_grammar
from ..grammar import select as select_grammar
from ..grammar import sorting as sorting_grammar
from ..grammar import store as store_grammar
from ..grammar.cursor import Cursor
from . import (
    acl,
    append,
    basics,
    contexts,
    copy,
    fetch,
    folders,
    idle,
    listing,
    login,
    metadata,
    multisearch,
    notify,
    quota,
    search,
    select,
    store,
)
from .core import Connection, State

ANY = frozenset((State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED))
OUTSIDE = frozenset((State.NOT_AUTHENTICATED,))
INSIDE = frozenset((State.AUTHENTICATED, State.SELECTED))
OPEN = frozenset((State.SELECTED,))
_TO_MISSING: Mapping[type[Exception], bytes] = {errors.NotFound: b"TRYCREATE"}


REV2_PARTS = frozenset((
    b"NAMESPACE", b"UNSELECT", b"UIDPLUS", b"ESEARCH", b"SEARCHRES", b"ENABLE", b"IDLE", b"SASL-IR", b"LIST-EXTENDED", b"LIST-STATUS",
    b"MOVE", b"LITERAL+", b"BINARY", b"SPECIAL-USE", b"STATUS=SIZE",
))  # fmt: skip


def no_arguments(_: Cursor) -> None:
    """For commands that stand alone."""


@dataclass(frozen=True, slots=True)
class Row:
    verb: bytes
    parse: Callable[[Cursor], Any]
    run: Callable[..., Any]
    states: frozenset[State]
    capabilities: tuple[bytes, ...] = ()
    """What having this row lets the server claim."""
    refresh_before: bool = False
    """What others did is taken over first, since the answer depends on it."""
    refresh_after: bool = False
    keeps_numbers: bool = False
    """No EXPUNGE while it runs (RFC 3501 §7.4.1)."""
    quick: bool = False
    """Touches no store when no folder is open."""
    wants_tag: bool = False
    codes: Mapping[type[Exception], bytes] = field(default_factory=dict)
    """Response codes that differ from replies.CODES."""


_ROWS = (
    Row(b"CAPABILITY", no_arguments, basics.noop, ANY, (b"IMAP4rev1", b"LITERAL+", b"OBJECTID", b"INPROGRESS"), quick=True),
    Row(b"NOOP", no_arguments, basics.noop, ANY, refresh_after=True, quick=True),
    Row(b"LOGOUT", no_arguments, basics.logout, ANY),
    Row(b"ID", login_grammar.parse_id, basics.identify, ANY, (b"ID",), quick=True),
    Row(b"STARTTLS", no_arguments, basics.starttls, OUTSIDE, quick=True),
    Row(b"COMPRESS", login_grammar.parse_compress, basics.compress, INSIDE, (b"COMPRESS=DEFLATE",), quick=True),
    Row(b"UNAUTHENTICATE", no_arguments, basics.unauthenticate, INSIDE, (b"UNAUTHENTICATE",)),
    Row(b"LOGIN", login_grammar.parse_login, login.login, OUTSIDE),
    Row(b"AUTHENTICATE", login_grammar.parse_authenticate, login.authenticate, OUTSIDE, (b"SASL-IR",), wants_tag=True),
    Row(b"ENABLE", login_grammar.parse_enable, basics.enable, INSIDE, (b"ENABLE", b"UTF8=ACCEPT", b"UIDONLY"), quick=True),
    Row(b"NAMESPACE", no_arguments, basics.namespace, INSIDE, (b"NAMESPACE",), quick=True),
    Row(b"SELECT", select_grammar.parse_select, select.select, INSIDE, (b"CONDSTORE", b"QRESYNC")),
    Row(b"EXAMINE", select_grammar.parse_select, select.examine, INSIDE),
    Row(b"CREATE", folder_grammar.parse_create, folders.create, INSIDE, (b"CREATE-SPECIAL-USE",)),
    Row(b"DELETE", folder_grammar.parse_folder, folders.delete, INSIDE, codes={errors.Conflict: b"HASCHILDREN"}),
    Row(b"RENAME", folder_grammar.parse_rename, folders.rename, INSIDE),
    Row(b"SUBSCRIBE", folder_grammar.parse_folder, folders.subscribe, INSIDE),
    Row(b"UNSUBSCRIBE", folder_grammar.parse_folder, folders.unsubscribe, INSIDE),
    Row(
        b"LIST", listing_grammar.parse_list, listing.list_folders, INSIDE,
        (b"CHILDREN", b"LIST-EXTENDED", b"LIST-STATUS", b"SPECIAL-USE", b"LIST-MYRIGHTS"),
    ),
    Row(b"GETMETADATA", metadata_grammar.parse_get, metadata.get_metadata, INSIDE, (b"METADATA",)),
    Row(b"SETMETADATA", metadata_grammar.parse_set_metadata, metadata.set_metadata, INSIDE),
    Row(b"LSUB", listing_grammar.parse_lsub, listing.list_subscribed, INSIDE),
    Row(b"STATUS", folder_grammar.parse_status, folders.status, INSIDE, (b"STATUS=SIZE",)),
    Row(
        b"APPEND", append_grammar.parse_append, append.append, INSIDE, (b"UIDPLUS", b"MULTIAPPEND", b"CATENATE"),
        refresh_after=True, codes=_TO_MISSING,
    ),
    Row(b"REPLACE", append_grammar.parse_replace, append.replace, OPEN, (b"REPLACE",), refresh_after=True, codes=_TO_MISSING),
    Row(b"UID REPLACE", append_grammar.parse_replace, append.replace_by_uid, OPEN, refresh_after=True, codes=_TO_MISSING),
    Row(b"GETACL", folder_grammar.parse_folder, acl.get_acl, INSIDE, (b"ACL", b"RIGHTS=kxte")),
    Row(b"SETACL", acl_grammar.parse_set, acl.set_acl, INSIDE),
    Row(b"DELETEACL", acl_grammar.parse_named, acl.delete_acl, INSIDE),
    Row(b"LISTRIGHTS", acl_grammar.parse_named, acl.list_rights, INSIDE),
    Row(b"MYRIGHTS", folder_grammar.parse_folder, acl.my_rights, INSIDE),
    Row(b"GETQUOTA", quota_grammar.parse_root, quota.get_quota, INSIDE, (b"QUOTA", b"QUOTA=RES-STORAGE")),
    Row(b"GETQUOTAROOT", folder_grammar.parse_folder, quota.get_quota_root, INSIDE),
    Row(b"SETQUOTA", quota_grammar.parse_set_quota, quota.set_quota, INSIDE),
    Row(b"NOTIFY", notify_grammar.parse_notify, notify.notify, INSIDE, (b"NOTIFY",)),
    Row(b"IDLE", no_arguments, idle.idle, INSIDE, (b"IDLE",), wants_tag=True),
    Row(b"CHECK", no_arguments, basics.noop, OPEN, refresh_after=True),
    Row(b"CLOSE", no_arguments, select.close, OPEN),
    Row(b"UNSELECT", no_arguments, select.unselect, OPEN, (b"UNSELECT",)),
    Row(b"EXPUNGE", no_arguments, copy.expunge, OPEN),
    Row(b"UID EXPUNGE", copy_grammar.parse_messages, copy.expunge_by_uid, OPEN),
    Row(
        b"SEARCH", search_grammar.parse_search, search.search, OPEN,
        (b"ESEARCH", b"SEARCHRES", b"WITHIN", b"SAVEDATE", b"SEARCH=FUZZY", b"CONTEXT=SEARCH", b"I18NLEVEL=1"),
        refresh_before=True, keeps_numbers=True, wants_tag=True,
    ),
    Row(
        b"ESEARCH", esearch_grammar.parse_multi_search, multisearch.multi_search, INSIDE, (b"MULTISEARCH",),
        refresh_after=True, keeps_numbers=True, wants_tag=True,
    ),
    Row(b"UID SEARCH", search_grammar.parse_search, search.search_by_uid, OPEN, refresh_before=True, wants_tag=True),
    Row(
        b"SORT", sorting_grammar.parse_sort, search.sort, OPEN, (b"SORT", b"SORT=DISPLAY", b"ESORT", b"CONTEXT=SORT"),
        refresh_before=True, keeps_numbers=True, wants_tag=True,
    ),
    Row(b"UID SORT", sorting_grammar.parse_sort, search.sort_by_uid, OPEN, refresh_before=True, wants_tag=True),
    Row(b"CANCELUPDATE", search_grammar.parse_cancel_update, contexts.cancel, OPEN),
    Row(
        b"THREAD", sorting_grammar.parse_thread, search.thread, OPEN, (b"THREAD=ORDEREDSUBJECT", b"THREAD=REFERENCES", b"THREAD=REFS"),
        refresh_before=True, keeps_numbers=True,
    ),
    Row(b"UID THREAD", sorting_grammar.parse_thread, search.thread_by_uid, OPEN, refresh_before=True),
    Row(b"FETCH", fetch_grammar.parse_fetch, fetch.fetch, OPEN, (b"PREVIEW", b"BINARY"), refresh_before=True, keeps_numbers=True),
    Row(b"UID FETCH", fetch_grammar.parse_fetch, fetch.fetch_by_uid, OPEN, (b"PARTIAL",), refresh_before=True),
    Row(b"STORE", store_grammar.parse_store, store.store, OPEN, refresh_after=True, keeps_numbers=True),
    Row(b"UID STORE", store_grammar.parse_store, store.store_by_uid, OPEN, refresh_after=True),
    Row(b"COPY", copy_grammar.parse_copy, copy.copy, OPEN, refresh_after=True, codes=_TO_MISSING),
    Row(b"UID COPY", copy_grammar.parse_copy, copy.copy_by_uid, OPEN, refresh_after=True, codes=_TO_MISSING),
    Row(b"MOVE", copy_grammar.parse_copy, copy.move, OPEN, (b"MOVE",), refresh_after=True, codes=_TO_MISSING),
    Row(b"UID MOVE", copy_grammar.parse_copy, copy.move_by_uid, OPEN, refresh_after=True, codes=_TO_MISSING),
)  # fmt: skip
TABLE: Mapping[bytes, Row] = MappingProxyType({row.verb: row for row in _ROWS})
COUNTED = frozenset(verb for verb in TABLE if b"UID " + verb in TABLE) - {b"EXPUNGE"}
"""Commands that name messages by sequence number, each with a twin that names UIDs."""
CLAIMS = tuple(dict.fromkeys(name for row in _ROWS for name in row.capabilities))


def _claim_rev2() -> tuple[bytes, ...]:
    """IMAP4rev2 is claimed once all it is made of is there (RFC 9051 appendix E)."""
    return (b"IMAP4rev2",) if frozenset(CLAIMS) >= REV2_PARTS else ()


def list_capabilities(session: Connection) -> bytes:
    """What follows CAPABILITY: what the table can do, and how one may log in just now."""
    names = [*CLAIMS, *_claim_rev2(), b"APPENDLIMIT=%d" % session.config.limits.max_literal_bytes]
    if session.state is State.NOT_AUTHENTICATED:
        if session.config.starttls and not session.tls:
            names.append(b"STARTTLS")
        if session.may_log_in:
            names += [b"AUTH=" + mechanism for mechanism in login.list_mechanisms(session)]
        else:
            names.append(b"LOGINDISABLED")
    return b" ".join(names)
