"""What lies under /api/ and is nothing: answered as every error of the API is, whoever asks."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from .base import Resource

_AREA = "/api/"
_WORDS = {
    400: ("invalid", "The request cannot be read"),
    403: ("denied", "Not allowed"),
    404: ("not_found", "There is no such call"),
    500: ("internal", "Something broke here"),
}


@extend_schema(exclude=True)
class Nothing(Resource):
    """Every path and method that no other resource took."""

    area = ""
    authentication_classes: Any = ()
    permission_classes: Any = ()
    throttle_classes: Any = ()

    def answer(self, request: Request) -> Response:
        raise exceptions.NotFound("There is no such call.")


nothing = Nothing.as_view(dict.fromkeys(("get", "head", "post", "put", "patch", "delete", "options", "trace"), "answer"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """For what Django turns away before any view is asked, such as a host name that is not served here."""
    return _problem(400) if _is_here(request) else defaults.bad_request(request, exception)


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _problem(403) if _is_here(request) else defaults.permission_denied(request, exception)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _problem(404) if _is_here(request) else defaults.page_not_found(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    return _problem(500) if _is_here(request) else defaults.server_error(request)


def _is_here(request: HttpRequest) -> bool:
    return request.path_info.startswith(_AREA)


def _problem(status: int) -> JsonResponse:
    code, title = _WORDS[status]
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": f"{title}."}
    return JsonResponse(body, status=status, content_type="application/problem+json")
