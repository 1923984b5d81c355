"""The scripts of a mailbox: put, list, activate, rename, remove. What ManageSieve, the pages and the command share.

Names and limits as RFC 5804 §1.6 and §2.5. A script that cannot be used is never stored.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum

from mailcore.audit import log
from mailcore.directory import mailboxes
from mailcore.kernel.errors import BadSyntax, Conflict, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.managesieve.ports import TooLarge, TooMany
from mailcore.sieve.faults import ScriptFault
from mailcore.sieve.script import compile_script

from .models import Script

MAX_SCRIPTS = 64
MAX_SCRIPT_BYTES = 262_144
MAX_TOTAL_BYTES = 1_048_576
MAX_NAME = 128
_FORBIDDEN = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029))) | {"/"}


@dataclass(frozen=True, slots=True)
class ScriptRow:
    name: str
    size: int
    is_active: bool
    changed_at: int
    failed_text: str
    """Why it last failed on a message; "" where it did not."""


def owner_of(mailbox_id: MailboxId) -> str:
    return f"mailbox:{mailbox_id}"


def list_scripts(*, mailbox_id: MailboxId) -> list[ScriptRow]:
    rows = _own(mailbox_id).order_by("name").values_list("name", "size", "is_active", "changed_at", "failed_text")
    return [ScriptRow(*row) for row in rows]


def get_text(*, mailbox_id: MailboxId, name: str) -> str:
    """The script as it was put; NotFound."""
    found = _own(mailbox_id).filter(name=name).values_list("text", flat=True).first()
    if found is None:
        raise _no_script(name)
    return found


def find_active(*, mailbox_id: MailboxId) -> str | None:
    """The name of the active script."""
    return _own(mailbox_id).filter(is_active=True).values_list("name", flat=True).first()


def check(text: bytes | str) -> tuple[str, ...]:
    """The extensions a script requires; raises ScriptFault where it cannot be used."""
    return tuple(sorted(compile_script(text).required))


def put(*, mailbox_id: MailboxId, name: str, text: bytes | str) -> None:
    """Store a script, in place of one of that name; an active one takes effect at once.

    ScriptFault: it cannot be used. BadSyntax: that is no name. TooMany, TooLarge: a limit.
    """
    decoded = read_text(text)
    with transaction.atomic():
        before = _own(mailbox_id).filter(name=name).values_list("text", flat=True).first()
        _put(owner_of(mailbox_id), Script.Stage.OWN, check_name(name), decoded, is_active=False)
        if before != decoded:
            _record("put", mailbox_id, before={"text": before}, after={"name": name, "text": decoded})


def read_text(text: bytes | str) -> str:
    """Text of a script that can be used; raises ScriptFault, TooLarge."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(data) > MAX_SCRIPT_BYTES:
        raise TooLarge(f"A script may have {MAX_SCRIPT_BYTES} bytes.", f"{len(data)}")
    compile_script(data)
    return data.decode("utf-8")


def check_space(*, mailbox_id: MailboxId, name: str, size: int) -> None:
    """Whether a script of this size could be put now (RFC 5804 §2.5); raises TooMany or TooLarge."""
    _check_space(_own(mailbox_id), check_name(name), size)


def activate(*, mailbox_id: MailboxId, name: str) -> None:
    """Make one script the active one, or with "" none; NotFound."""
    with transaction.atomic():
        own = _own(mailbox_id)
        if name and not own.filter(name=name).exists():
            raise _no_script(name)
        before = own.filter(is_active=True).values_list("name", flat=True).first() or ""
        own.filter(is_active=True).exclude(name=name).update(is_active=False)
        if name:
            own.filter(name=name).update(is_active=True)
        _record("activated", mailbox_id, before={"active": before}, after={"active": name})


def remove(*, mailbox_id: MailboxId, name: str) -> None:
    """NotFound; Conflict where it is active (RFC 5804 §2.10)."""
    with transaction.atomic():
        row = _own(mailbox_id).filter(name=name).first()
        if row is None:
            raise _no_script(name)
        if row.is_active:
            raise Conflict("The active script cannot be removed.", name)
        row.delete()
        _record("removed", mailbox_id, before={"name": name})


def rename(*, mailbox_id: MailboxId, old: str, new: str) -> None:
    """Active stays active. NotFound; Conflict where the new name is taken."""
    check_name(new)
    try:
        with transaction.atomic():
            if not _own(mailbox_id).filter(name=old).update(name=new, version=time.time_ns()):
                raise _no_script(old)
            _record("renamed", mailbox_id, before={"name": old}, after={"name": new})
    except IntegrityError as error:
        raise Conflict("There is a script of that name.", new) from error


# -- scripts of administrators ------------------------------------------------------------------


def owner_of_domain(name: str) -> str:
    """ "" is the whole house."""
    return f"domain:{name}" if name else "system"


def put_shared(*, domain: str, stage: str, name: str, text: bytes | str) -> None:
    """A script that runs before or after those of every mailbox of a domain ("" is the house), or one for `include :global`."""
    if stage not in (Script.Stage.BEFORE, Script.Stage.AFTER, Script.Stage.SHARED) or (stage == Script.Stage.SHARED and domain):
        raise BadSyntax("A script runs before or after, or is shared by the whole house.", f"{stage} {domain}")
    decoded = read_text(text)
    with transaction.atomic():
        _put(owner_of_domain(domain), Script.Stage(stage), check_name(name), decoded, is_active=stage != Script.Stage.SHARED)
        after = {"stage": str(stage), "name": name, "text": decoded}
        log.record("filter.put", object_id=owner_of_domain(domain), name=domain or "the house", domain=domain, after=after)


def list_shared(*, domain: str) -> list[tuple[str, str]]:
    """(stage, name) of a domain's scripts, or with "" of the house's, in the order they run."""
    return list(Script.objects.filter(owner=owner_of_domain(domain)).order_by("stage", "name").values_list("stage", "name"))


def get_shared(*, domain: str, stage: str, name: str) -> str:
    found = Script.objects.filter(owner=owner_of_domain(domain), stage=stage, name=name).values_list("text", flat=True).first()
    if found is None:
        raise _no_script(name)
    return found


def remove_shared(*, domain: str, stage: str, name: str) -> None:
    with transaction.atomic():
        if not Script.objects.filter(owner=owner_of_domain(domain), stage=stage, name=name).delete()[0]:
            raise _no_script(name)
        before = {"stage": stage, "name": name}
        log.record("filter.removed", object_id=owner_of_domain(domain), name=domain or "the house", domain=domain, before=before)


# -- rows ---------------------------------------------------------------------------------------


def check_name(name: str) -> str:
    """The name itself; BadSyntax where no script can have it (RFC 5804 §1.6)."""
    if not name or len(name) > MAX_NAME or _FORBIDDEN & set(name):
        raise BadSyntax("A script's name has 1 to 128 characters, none of them a control character or a slash.", repr(name[:200]))
    return name


def _own(mailbox_id: MailboxId) -> "QuerySet[Script]":
    return Script.objects.filter(owner=owner_of(mailbox_id), stage=Script.Stage.OWN)


def _put(owner: str, stage: Script.Stage, name: str, text: str, *, is_active: bool) -> None:
    size = len(text.encode())
    now = int(time.time())
    with transaction.atomic():
        rows = Script.objects.filter(owner=owner, stage=stage)
        _check_space(rows, name, size)
        changed = rows.filter(name=name).update(text=text, size=size, changed_at=now, version=time.time_ns(), failed_at=0, failed_text="")
        if not changed:
            Script.objects.create(
                owner=owner, stage=stage, name=name, text=text, size=size, changed_at=now, is_active=is_active, version=time.time_ns()
            )


def _check_space(rows: "QuerySet[Script]", name: str, size: int) -> None:
    others = rows.exclude(name=name)
    if size > MAX_SCRIPT_BYTES:
        raise TooLarge(f"A script may have {MAX_SCRIPT_BYTES} bytes.", f"{size}")
    if others.count() >= MAX_SCRIPTS:
        raise TooMany(f"A mailbox may have {MAX_SCRIPTS} scripts.", name)
    if (others.aggregate(total=Sum("size"))["total"] or 0) + size > MAX_TOTAL_BYTES:
        raise TooLarge(f"The scripts of a mailbox may have {MAX_TOTAL_BYTES} bytes together.", f"{size}")


def _record(what: str, mailbox_id: MailboxId, **states: log.Values) -> None:
    """A filter can send all mail elsewhere: who changed it is kept."""
    address = mailboxes.find_address(mailbox_id=mailbox_id)
    name, domain = (str(address), address.domain) if address is not None else (f"mailbox {mailbox_id}", "")
    log.record(f"filter.{what}", object_id=mailbox_id, name=name, domain=domain, **states)


def _no_script(name: str) -> NotFound:
    return NotFound("There is no script of that name.", name)


def forget_orphans(*, mailbox_ids: Sequence[int]) -> int:
    """Remove the scripts of mailboxes that are not among these; how many."""
    owners = {f"mailbox:{one}" for one in mailbox_ids}
    stored = Script.objects.filter(stage=Script.Stage.OWN).values_list("owner", flat=True).distinct()
    gone = [owner for owner in stored if owner not in owners]
    return Script.objects.filter(owner__in=gone, stage=Script.Stage.OWN).delete()[0]


__all__ = [
    "ScriptFault", "ScriptRow", "TooLarge", "TooMany", "activate", "check", "check_name", "check_space", "find_active", "forget_orphans",
    "get_shared", "get_text", "list_scripts", "list_shared", "owner_of", "owner_of_domain", "put", "put_shared", "read_text", "remove",
    "remove_shared", "rename",
]  # fmt: skip
