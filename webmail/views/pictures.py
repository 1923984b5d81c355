"""A remote picture of a letter, through this server."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET

from mailcore.kernel.errors import BadSyntax

from ..pictures import NoPicture, fetch, read_address

_KEPT = 24 * 3600


@require_GET
def picture(request: HttpRequest, token: str) -> HttpResponseBase:
    """No cookie comes from the frame of a letter: who has the signed address may see what is there."""
    del request
    try:
        kind, octets = fetch(read_address(token))
    except BadSyntax as error:
        return HttpResponse(error.public, status=410, content_type="text/plain; charset=utf-8")
    except NoPicture as error:
        return HttpResponse(str(error), status=502, content_type="text/plain; charset=utf-8")
    response = HttpResponse(octets, content_type=kind)
    response["Cache-Control"] = f"private, max-age={_KEPT}"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # the frame has an origin of its own
    return response
