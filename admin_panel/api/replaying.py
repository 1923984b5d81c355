"""The same POST sent twice does the work once (Idempotency-Key).

The answer is kept in the transaction of the work itself: either both are there or neither.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory.models import Replay
from mailcore.kernel.errors import BadSyntax, Conflict

from .authentication import actor_of

HEADER = "Idempotency-Key"


class Mismatch(Conflict):
    """The key was used for another request."""


def once(request: Request, act: Callable[[], Response]) -> Response:
    """Do `act` where this key was not seen before, else answer as then."""
    name, key_id = request.headers.get(HEADER, ""), actor_of(request).key_id
    if not name or key_id is None:
        return act()
    if len(name) > 255 or not name.isprintable():
        raise BadSyntax("An Idempotency-Key is at most 255 printable characters.")
    digest = _digest(request)
    if (found := Replay.objects.filter(key_id=key_id, name=name).first()) is not None:
        return _again(found, digest)
    try:
        with transaction.atomic():
            row = Replay.objects.create(key_id=key_id, name=name, request_digest=digest, status=0, body="", created_at=timezone.now())
            answer = act()
            row.status, row.body, row.location = (
                answer.status_code,
                json.dumps(answer.data, default=str),
                answer.headers.get("Location", ""),
            )
            row.save(update_fields=["status", "body", "location"])
            return answer
    except IntegrityError:
        # Another request with the same key was quicker.
        found = Replay.objects.filter(key_id=key_id, name=name).first()
        if found is None:
            raise
        return _again(found, digest)


def _again(found: Replay, digest: str) -> Response:
    if found.request_digest != digest:
        raise Mismatch("This Idempotency-Key was used for another request.")
    headers = {"Idempotent-Replay": "true"} | ({"Location": found.location} if found.location else {})
    return Response(json.loads(found.body or "null"), status=found.status, headers=headers)


def _digest(request: Request) -> str:
    body: Any = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.blake2b(f"{request.method} {request.path}\n{body}".encode(), digest_size=32).hexdigest()
