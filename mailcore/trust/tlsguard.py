"""The handshake with another mail host, with as much proof as is demanded of it.

Below VERIFY nothing is proved: TLS keeps listeners out and any certificate does. The faults have the
names of RFC 8460 §4.3, so that they can be counted as they are.
"""

import socket
import ssl

from . import dane
from .tlspolicy import Demand, Level

_EXPIRED, _NOT_YET, _HOSTNAME = 10, 9, 62


class TlsFault(OSError):
    """The handshake did not prove what was demanded."""

    def __init__(self, text: str, fault: str) -> None:
        super().__init__(text)
        self.fault = fault


def make_verifying_context() -> ssl.SSLContext:
    """Believes the public authorities of this machine."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def wrap(channel: socket.socket, host: str, demand: Demand) -> ssl.SSLSocket:
    """TlsFault where the proof fails; OSError where the handshake does."""
    if demand.level is Level.VERIFY:
        try:
            return make_verifying_context().wrap_socket(channel, server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise TlsFault(f"the certificate of {host}: {error.verify_message}", _name(error.verify_code)) from error
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    secure = context.wrap_socket(channel, server_hostname=host)
    if demand.level is Level.DANE and not dane.verify(demand.records, _chain(secure), host=host):
        secure.close()
        raise TlsFault(f"the certificate of {host} does not fit its DANE records", "validation-failure")
    return secure


def _name(code: int) -> str:
    if code in (_EXPIRED, _NOT_YET):
        return "certificate-expired"
    return "certificate-host-mismatch" if code == _HOSTNAME else "certificate-not-trusted"


def _chain(secure: ssl.SSLSocket) -> list[bytes]:
    """The certificates as shown. Before Python 3.13 only the object beneath the socket tells more than the first."""
    reach = getattr(secure, "get_unverified_chain", None) or getattr(getattr(secure, "_sslobj", None), "get_unverified_chain", None)
    if reach is None:
        own = secure.getpeercert(binary_form=True)
        return [own] if own else []
    return [one if isinstance(one, bytes) else ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in reach() or ()]
