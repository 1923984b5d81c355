"""/api/v1/batch: many calls in one, for programs that keep a directory in step."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import transaction
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import users
from mailcore.directory.access import Actor
from mailcore.directory.passwords import hash_password
from mailcore.kernel.errors import MailError

from . import bulk
from .authentication import actor_of
from .base import Resource, read
from .parameters import IDEMPOTENT
from .replaying import once
from .shapes import BatchAnswer, BatchAsk

MAX_HASHING = 4
_NOT_HERE = frozenset({"batch", "queue"})
"""What reaches beyond the transaction (the queue's work) is called by itself."""
_PREFIX = "/api/v1/"


class Batch(Resource):
    area = ""
    serializer_class = BatchAnswer

    @extend_schema(request=BatchAsk, responses=BatchAnswer, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Up to 100 calls in one transaction, each with its own answer.

        With `atomic` either all are done or none: the first that fails undoes the others, which then answer 424.
        Each call needs its own scope.
        """
        wanted = read(BatchAsk, request)
        operations = _hash_passwords(wanted["operations"])
        return once(request, lambda: Response(_run(request, operations, is_atomic=wanted["atomic"])))


class _Undone(Exception):
    pass


def _run(request: Request, operations: list[dict[str, Any]], *, is_atomic: bool) -> dict[str, Any]:
    answers: list[dict[str, Any]] = []
    try:
        # One commit, and so one flush, for all of them; each has a savepoint of its own.
        with transaction.atomic():
            for run in bulk.split(actor_of(request), operations):
                if run.mailboxes and (made := bulk.make(run)) is not None:
                    answers += made
                    continue
                for operation in run.operations:
                    with transaction.atomic():
                        answers.append(_call(request, operation))
                    if is_atomic and answers[-1]["status"] >= 400:
                        raise _Undone
    except _Undone:
        undone = {
            "status": 424,
            "headers": {},
            "body": {"code": "undone", "status": 424, "title": "Not done", "detail": "Another call failed."},
        }
        answers = [undone] * (len(answers) - 1) + [answers[-1]] + [undone] * (len(operations) - len(answers))
    return {"failed": sum(answer["status"] >= 400 for answer in answers), "results": answers}


def _call(request: Request, operation: dict[str, Any]) -> dict[str, Any]:
    path, _, query = operation["path"].lstrip("/").removeprefix("api/v1/").partition("?")
    if path.partition("/")[0] in _NOT_HERE:
        return _problem(400, "invalid", "This call cannot be part of a batch.")
    try:
        match = resolve(_PREFIX + path)
    except Resolver404:
        return _problem(404, "not_found", "There is no such call.")
    inner = _make_request(request, actor_of(request), operation, path, query)
    answer: Any = match.func(inner, *match.args, **match.kwargs)
    headers = {name: answer.headers[name] for name in ("Location", "ETag") if name in answer.headers}
    return {"status": answer.status_code, "headers": headers, "body": getattr(answer, "data", None)}


def _make_request(outer: Request, actor: Actor, operation: dict[str, Any], path: str, query: str) -> HttpRequest:
    body = json.dumps(operation["body"]).encode() if operation["body"] is not None else b""
    inner = HttpRequest()
    inner.method = operation["method"]
    inner.path = inner.path_info = _PREFIX + path
    inner.GET = QueryDict(query)
    inner.META = {
        "REMOTE_ADDR": outer.META.get("REMOTE_ADDR", ""),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": outer.get_host(),
        "REQUEST_METHOD": operation["method"],
    }
    if operation["if_match"]:
        inner.META["HTTP_IF_MATCH"] = operation["if_match"]
    inner._stream = io.BytesIO(body)
    inner._read_started = False  # type: ignore[attr-defined]
    inner.batch_actor = actor  # type: ignore[attr-defined]
    return inner


def _hash_passwords(operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Passwords become hashes before the transaction, in threads: each costs tens of milliseconds on purpose."""
    operations = [one | {"body": dict(one["body"])} if _has_password(one) else one for one in operations]
    chosen = [one for one in operations if _has_password(one)]
    with ThreadPoolExecutor(MAX_HASHING) as pool:
        for operation, encoded in zip(chosen, pool.map(_hash, [one["body"]["password"] for one in chosen]), strict=True):
            if encoded:
                del operation["body"]["password"]
                operation["body"]["password_hash"] = encoded
    return operations


def _has_password(operation: dict[str, Any]) -> bool:
    body = operation["body"]
    return "mailboxes" in operation["path"] and isinstance(body, dict) and isinstance(body.get("password"), str)


def _hash(password: str) -> str:
    """ "" for one that is not taken: the call itself then says why."""
    try:
        return hash_password(users.check_strength(password)).removeprefix("argon2")
    except MailError:
        return ""


def _problem(status: int, code: str, detail: str) -> dict[str, Any]:
    return {
        "status": status,
        "headers": {},
        "body": {"type": "about:blank", "status": status, "code": code, "title": detail, "detail": detail},
    }
