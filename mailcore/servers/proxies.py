"""Who is really asking: the peer of a request, looked up behind proxies that we trust.

`X-Forwarded-For` is believed only where the connection comes from a trusted network, and read
from its end up to the first address that is no proxy of ours; what stands before it anybody may have written.
"""

from typing import Any

from mailcore.kernel.networks import is_within

Scope = dict[str, Any]


def unfold(scope: Scope, trusted: tuple[str, ...]) -> Scope:
    """The scope with its real client and scheme. One whose forwarding headers cannot be believed is marked `forwarded`."""
    headers = {bytes(name).lower(): bytes(value) for name, value in scope.get("headers", ())}
    forwarded = headers.get(b"x-forwarded-for", b"").decode("latin-1")
    peer = (scope.get("client") or ("", 0))[0]
    if not is_within(peer, trusted):
        return scope | {"forwarded": bool(forwarded or b"forwarded" in headers)}
    hops = [hop.strip().strip("[]") for hop in forwarded.split(",") if hop.strip()]
    client = next((hop for hop in reversed(hops) if not is_within(hop, trusted)), hops[0] if hops else peer)
    scheme = headers.get(b"x-forwarded-proto", b"").decode("latin-1").partition(",")[0].strip()
    found = scope | {"client": (client, 0), "forwarded": False}
    return found | {"scheme": scheme} if scheme in ("http", "https") else found
