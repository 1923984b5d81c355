"""Errors as RFC 9457 problem details: one `code` to branch on, `errors` to put beside fields."""

import logging
import math
import secrets
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from mailcore.audit.acting import current
from mailcore.directory.faults import AlreadyExists
from mailcore.kernel.errors import BadSyntax, Conflict, Deferred, Denied, LimitReached, MailError, NotFound, Refused, Throttled

from .base import Stale
from .replaying import Mismatch

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

# The first match counts, so narrower errors stand above what they inherit from.
_MEANINGS: tuple[tuple[type[MailError], int, str, str], ...] = (
    (Mismatch, 422, "idempotency_mismatch", "The key was used before"),
    (Stale, 412, "precondition_failed", "Changed meanwhile"),
    (AlreadyExists, 409, "already_exists", "The name is taken"),
    (Conflict, 409, "conflict", "The state of the object forbids it"),
    (LimitReached, 409, "limit_reached", "A limit was reached"),
    (BadSyntax, 400, "invalid", "The request holds something that cannot be used"),
    (Throttled, 429, "throttled", "Too many requests"),
    (Denied, 403, "denied", "Not allowed"),
    (NotFound, 404, "not_found", "There is no such object"),
    (Deferred, 503, "try_again", "Not now"),
    (Refused, 422, "refused", "Refused"),
)


def handle(error: Exception, context: dict[str, Any]) -> Response:
    set_rollback()
    if isinstance(error, MailError):
        return _of_mail_error(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _of_rest_error(error)
    incident = secrets.token_hex(4)
    log.error("incident %s in %s", incident, context.get("view"), exc_info=error)
    return _problem(500, "internal", "Something broke here", f"The log has the details under {incident}.", incident=incident)


def _of_mail_error(error: MailError) -> Response:
    status, code, title = next(
        ((status, code, title) for kind, status, code, title in _MEANINGS if isinstance(error, kind)), (500, "internal", "Error")
    )
    field = getattr(error, "field", None)
    extra: dict[str, Any] = {}
    if field is not None:
        extra["errors"] = [{"field": field, "code": code, "detail": error.public}]
    if isinstance(error, AlreadyExists):
        extra["existing_id"] = error.existing_id
    return _problem(status, code, title, error.public, **extra)


def _of_rest_error(error: exceptions.APIException) -> Response:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(max(1, math.ceil(getattr(error, "wait", None) or 1)))
    if isinstance(error, exceptions.ValidationError):
        found = list(_fields(error.get_full_details(), ""))
        return _problem(400, "invalid", "The request holds something that cannot be used", found[0]["detail"], errors=found)
    code = str(error.get_codes()) if isinstance(error.get_codes(), str) else "error"
    return _problem(error.status_code, code, str(error.default_detail).rstrip("."), str(error.detail), headers=headers)


def _fields(details: Any, path: str) -> list[dict[str, str]]:
    """Flatten DRF's nested details into (field, code, detail) rows."""
    if isinstance(details, list):
        return [row for number, item in enumerate(details) for row in _fields(item, path if _is_leaf(item) else f"{path}.{number}")]
    if _is_leaf(details):
        return [{"field": path.strip("."), "code": str(details["code"]), "detail": str(details["message"])}]
    rows = []
    for name, item in details.items():
        rows += _fields(item, path if name == "non_field_errors" else f"{path}.{name}")
    return rows


def _is_leaf(details: Any) -> bool:
    return isinstance(details, dict) and set(details) == {"message", "code"}


def _problem(status: int, code: str, title: str, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> Response:
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": current().request_id,
        **extra,
    }
    return Response(body, status=status, content_type=CONTENT_TYPE, headers=headers)
