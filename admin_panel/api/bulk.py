"""New mailboxes that stand one after another in a batch, made with a few queries for all of them.

Only those that nothing stands against come here. Every other call goes its own way, which also says best
what is wrong with it; the answers are the same on both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from rest_framework.exceptions import ValidationError

from mailcore.directory import access, mailboxes, manymailboxes
from mailcore.directory.access import Actor
from mailcore.directory.mailboxes import NewMailbox
from mailcore.kernel.errors import MailError

from . import shapes
from .base import make_version

_SCOPE = "mailboxes:write"
_PATHS = frozenset({"mailboxes", "/mailboxes", "api/v1/mailboxes", "/api/v1/mailboxes"})
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Run:
    operations: list[dict[str, Any]]
    mailboxes: list[NewMailbox]
    """What the operations are to make, one each; empty where they are to be called one by one."""


def split(actor: Actor, operations: list[dict[str, Any]]) -> Iterator[Run]:
    """The operations in their order, in runs of those that can be done at once and those that cannot."""
    prepared = _prepare(actor, operations)
    # What came earlier in the batch may stand against what comes later, so each run is looked at when its turn has come.
    for is_many, group in groupby(zip(operations, prepared, strict=True), key=lambda pair: pair[1] is not None):
        pairs = list(group)
        if not is_many or len(pairs) < FEWEST:
            yield Run([operation for operation, _ in pairs], [])
            continue
        clear = manymailboxes.list_clear([new for _, new in pairs if new is not None])
        for is_clear, part in groupby(pairs, key=lambda pair: pair[1] is not None and pair[1].address.folded in clear):
            chosen = list(part)
            yield Run([operation for operation, _ in chosen], [new for _, new in chosen if new is not None] if is_clear else [])


def make(run: Run) -> list[dict[str, Any]] | None:
    """An answer for each operation; None where another process was quicker, and nothing was done."""
    try:
        with transaction.atomic():
            made = manymailboxes.add(run.mailboxes)
    except IntegrityError:
        return None
    shape = shapes.MailboxShape()
    answers = []
    for box in made:
        body = shape.to_representation(box)
        headers = {"Location": reverse("api:mailbox-detail", args=[box.id]), "ETag": make_version(body)}
        answers.append({"status": 201, "headers": headers, "body": body})
    return answers


def _prepare(actor: Actor, operations: list[dict[str, Any]]) -> list[NewMailbox | None]:
    """What is to be made; None for every call that is another one or would fail. Passwords are hashed before this."""
    if actor.scopes is not None and _SCOPE not in actor.scopes:
        return [None] * len(operations)
    shape = shapes.NewMailbox()
    return [_read(actor, shape, operation) for operation in operations]


def _read(actor: Actor, shape: shapes.NewMailbox, operation: dict[str, Any]) -> NewMailbox | None:
    if operation["method"] != "POST" or operation["path"] not in _PATHS or operation["if_match"]:
        return None
    try:
        wanted = shape.run_validation(operation["body"])
        if wanted["password"] is not None:
            return None
        access.require_domain(actor, name=mailboxes.parse(wanted["address"]).domain)
        return mailboxes.prepare(**wanted)
    except (ValidationError, MailError):
        return None
