"""One certificate from an ACME server: account, order, proof of each name by HTTP-01, the chain. RFC 8555.

Waits for the network: never call it inside a transaction.
"""

import datetime
import time
from collections.abc import Sequence

import requests
from acme import challenges, client, errors, messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID
from django.conf import settings
from josepy.errors import Error as JoseError
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from mailcore import sealing
from mailcore.kernel.errors import MailError

from . import answers
from .material import Material, check
from .models import Account
from .orders import ACCOUNT_PURPOSE

PATIENCE = datetime.timedelta(seconds=120)
NETWORK_SECONDS = 30


class ObtainFailed(Exception):
    """It could not be had now; the text says why."""


def obtain(names: Sequence[str]) -> Material:
    """A chain and its new key for all the names, or ObtainFailed."""
    try:
        return _obtain(names)
    except errors.ValidationError as error:
        raise ObtainFailed(_explain(error)) from error
    except errors.TimeoutError as error:
        raise ObtainFailed("The ACME server took too long.") from error
    except (errors.Error, messages.Error, JoseError, requests.RequestException, MailError, ValueError, KeyError) as error:
        raise ObtainFailed(f"{error or type(error).__name__}") from error


def _obtain(names: Sequence[str]) -> Material:
    speaker = _open()
    key = ec.generate_private_key(ec.SECP256R1())
    order = speaker.new_order(_ask_for(key, names))
    deadline = datetime.datetime.now() + PATIENCE
    tokens: list[str] = []
    try:
        for authorization in order.authorizations:
            tokens += _prove(speaker, authorization)
        done = speaker.finalize_order(speaker.poll_authorizations(order, deadline), deadline)
    finally:
        answers.remove(tokens)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _check(done.fullchain_pem.encode("ascii"), private, names)


def _open() -> client.ClientV2:
    """A client that speaks as our account, which is registered where it is not yet."""
    row = Account.objects.filter(directory=settings.FACTEUR.acme_directory).first()
    if row is None:
        raise ObtainFailed(f"There is no account at {settings.FACTEUR.acme_directory}: order a certificate and agree to its terms.")
    loaded = load_pem_private_key(sealing.unseal(row.sealed, purpose=ACCOUNT_PURPOSE).encode("ascii"), None)
    network = client.ClientNetwork(JWKEC(key=loaded), alg=ES256, user_agent="Facteur", timeout=NETWORK_SECONDS)
    speaker = client.ClientV2(client.ClientV2.get_directory(row.directory, network), network)
    if row.uri:
        network.account = messages.RegistrationResource(uri=row.uri, body=messages.Registration())
        return speaker
    try:
        uri = speaker.new_account(
            messages.NewRegistration.from_data(email=settings.FACTEUR.acme_contact or None, terms_of_service_agreed=True)
        ).uri
    except errors.ConflictError as error:
        # Registered before, and we were cut off before we wrote it down.
        uri = error.location
        network.account = messages.RegistrationResource(uri=uri, body=messages.Registration())
    Account.objects.filter(directory=row.directory).update(uri=uri)
    return speaker


def _prove(speaker: client.ClientV2, authorization: messages.AuthorizationResource) -> list[str]:
    """Put the answer where it will be asked for, then say so. The tokens put."""
    if authorization.body.status == messages.STATUS_VALID:
        return []
    offered = next((one for one in authorization.body.challenges if isinstance(one.chall, challenges.HTTP01)), None)
    if offered is None:
        raise ObtainFailed(f"The ACME server does not offer HTTP-01 for {authorization.body.identifier.value}.")
    response, text = offered.chall.response_and_validation(speaker.net.key)
    token = offered.chall.encode("token")
    answers.put(token=token, text=text, now=int(time.time()))
    speaker.answer_challenge(offered, response)
    return [token]


def _ask_for(key: ec.EllipticCurvePrivateKey, names: Sequence[str]) -> bytes:
    # A common name of at most 64 characters; who has a longer one is known by the alternative names alone.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])] if len(names[0]) <= 64 else [])
    wanted = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(wanted, critical=False)
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _check(chain: bytes, key: bytes, names: Sequence[str]) -> Material:
    material = check(chain, key)
    missing = sorted(set(names) - set(material.names))
    if missing:
        raise ObtainFailed(f"The certificate that came does not name {', '.join(missing)}.")
    return material


def _explain(error: errors.ValidationError) -> str:
    said = [
        f"{authorization.body.identifier.value}: {challenge.error.detail or challenge.error.typ}"
        for authorization in error.failed_authzrs
        for challenge in authorization.body.challenges
        if challenge.error is not None
    ]
    return "; ".join(said) or "A name could not be proved."
