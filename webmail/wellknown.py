"""What other servers fetch: the MTA-STS policy of our domains (RFC 8461 §3.2), the proof that a name is ours (RFC 8555 §8.3)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from mailcore.certificates import answers
from mailcore.trust import publishing


@require_safe
def mta_sts(request: HttpRequest) -> HttpResponse:
    return HttpResponse(publishing.own_policy(), content_type="text/plain; charset=utf-8")


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """What browsers ask for on pages that name no picture of their own, such as a file that is shown."""
    return redirect(static("stamp.svg"))


class ProofOfNames:
    """Before anything else: who proves a name asks by that name, which the pages need not answer to."""

    PREFIX = "/.well-known/acme-challenge/"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(self.PREFIX):
            return self._get_response(request)
        text = answers.find(request.path_info.removeprefix(self.PREFIX)) if request.method in ("GET", "HEAD") else None
        if text is None:
            return HttpResponse("There is no such token.", status=404, content_type="text/plain; charset=utf-8")
        return HttpResponse(text, content_type="application/octet-stream")
