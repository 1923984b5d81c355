"""A small ACME server on 127.0.0.1 that holds clients to RFC 8555: signatures, nonces used once, `url`, `kid`, states."""

import base64
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import josepy
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from django.db import connections

from tests.trust import certificates

Fetch = Callable[[str, str], tuple[int, bytes]]
"""(host name, path) → what the web process of that name answers."""


class Problem(Exception):
    def __init__(self, kind: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.status = kind, detail, status


@dataclass
class Order:
    account: str
    names: list[str]
    status: str = "pending"
    authorizations: list[int] = field(default_factory=list)
    chain: str = ""


@dataclass
class Authorization:
    name: str
    token: str
    status: str = "pending"
    error: dict[str, str] | None = None


class FakeAcme:
    def __init__(self, fetch: Fetch, *, days: float = 90) -> None:
        self.fetch, self.days = fetch, days
        self.authority = certificates.make("Fake ACME", is_authority=True)
        self.nonces: set[str] = set()
        self.accounts: dict[str, josepy.JWK] = {}
        self.contacts: list[Any] = []
        self.orders: list[Order] = []
        self.authorizations: list[Authorization] = []
        self.refuses_orders: Problem | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def directory_url(self) -> str:
        return f"{self.base}/directory"

    def directory(self) -> dict[str, Any]:
        return {name: f"{self.base}/{name}" for name in ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")}

    def make_nonce(self) -> str:
        nonce = secrets.token_urlsafe(16)
        self.nonces.add(nonce)
        return nonce

    def open(self, path: str, body: bytes) -> tuple[str, Any, josepy.JWK]:
        """(account URL or "", payload, key) of a signed request, RFC 8555 §6.2-6.5."""
        parts = json.loads(body)
        head = json.loads(_decode(parts["protected"]))
        if head["nonce"] not in self.nonces:
            raise Problem("badNonce", "the nonce is not one of ours, or was used")
        self.nonces.discard(head["nonce"])
        if head["url"] != self.base + path:
            raise Problem("unauthorized", "url does not match", 401)
        if ("jwk" in head) == ("kid" in head):
            raise Problem("malformed", "one of jwk and kid")
        if "kid" in head and head["kid"] not in self.accounts:
            raise Problem("accountDoesNotExist", "no such account")
        key = josepy.JWK.from_json(head["jwk"]) if "jwk" in head else self.accounts[head["kid"]]
        signed = f"{parts['protected']}.{parts['payload']}".encode()
        if head["alg"] != "ES256" or not josepy.ES256.verify(key.key, signed, _decode(parts["signature"])):
            raise Problem("malformed", "the signature is wrong")
        return head.get("kid", ""), json.loads(_decode(parts["payload"]) or "null"), key

    def answer(self, path: str, kid: str, payload: Any, key: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        what, _, number = path.strip("/").partition("/")
        if what == "newAccount":
            return self._account(payload, key)
        if not kid:
            raise Problem("malformed", "kid is asked for")
        if what == "newOrder":
            return self._new_order(kid, payload)
        index = int(number)
        match what:
            case "authz":
                return 200, {}, self._show_authorization(index)
            case "chall":
                self._validate(self.authorizations[index], key)
                return 200, {"Link": f'<{self.base}/authz/{index}>;rel="up"'}, self._show_challenge(index)
            case "order":
                return 200, {}, self._show_order(index)
            case "finalize":
                return 200, {"Location": f"{self.base}/order/{index}"}, self._finalize(index, payload)
            case "cert":
                return 200, {}, self.orders[index].chain
        raise Problem("malformed", "no such resource", 404)

    def _account(self, payload: Any, key: josepy.JWK) -> tuple[int, dict[str, str], Any]:
        known = next((url for url, one in self.accounts.items() if one == key), None)
        if known is None and payload.get("termsOfServiceAgreed") is not True:
            raise Problem("userActionRequired", "agree to the terms")
        url = known or f"{self.base}/account/{len(self.accounts)}"
        if known is None:
            self.accounts[url] = key
            self.contacts.append(payload.get("contact"))
        return (201 if known is None else 200), {"Location": url}, {"status": "valid"}

    def _new_order(self, kid: str, payload: Any) -> tuple[int, dict[str, str], Any]:
        if self.refuses_orders is not None:
            raise self.refuses_orders
        order = Order(kid, [one["value"] for one in payload["identifiers"]])
        for name in order.names:
            order.authorizations.append(len(self.authorizations))
            self.authorizations.append(Authorization(name, secrets.token_urlsafe(24)))
        self.orders.append(order)
        index = len(self.orders) - 1
        return 201, {"Location": f"{self.base}/order/{index}"}, self._show_order(index)

    def _show_order(self, index: int) -> dict[str, Any]:
        order = self.orders[index]
        states = [self.authorizations[one].status for one in order.authorizations]
        if order.status == "pending" and all(one == "valid" for one in states):
            order.status = "ready"
        if "invalid" in states:
            order.status = "invalid"
        shown: dict[str, Any] = {
            "status": order.status,
            "identifiers": [{"type": "dns", "value": name} for name in order.names],
            "authorizations": [f"{self.base}/authz/{one}" for one in order.authorizations],
            "finalize": f"{self.base}/finalize/{index}",
        }
        if order.chain:
            shown["certificate"] = f"{self.base}/cert/{index}"
        return shown

    def _show_authorization(self, index: int) -> dict[str, Any]:
        one = self.authorizations[index]
        other = {"type": "dns-01", "url": f"{self.base}/chall/{index}", "status": "pending", "token": one.token}
        challenges = [other, self._show_challenge(index)] if one.status == "pending" else [self._show_challenge(index)]
        return {"identifier": {"type": "dns", "value": one.name}, "status": one.status, "challenges": challenges}

    def _show_challenge(self, index: int) -> dict[str, Any]:
        one = self.authorizations[index]
        shown: dict[str, Any] = {"type": "http-01", "url": f"{self.base}/chall/{index}", "status": one.status, "token": one.token}
        return shown | ({"error": one.error} if one.error else {})

    def _validate(self, one: Authorization, key: josepy.JWK) -> None:
        """RFC 8555 §8.3."""
        status, text = self.fetch(one.name, f"/.well-known/acme-challenge/{one.token}")
        wanted = f"{one.token}.{base64.urlsafe_b64encode(key.thumbprint()).decode().rstrip('=')}"
        if status == 200 and text.decode().rstrip() == wanted:
            one.status = "valid"
        else:
            one.status = "invalid"
            one.error = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": f"{one.name} answered {status}"}

    def _finalize(self, index: int, payload: Any) -> dict[str, Any]:
        order = self.orders[index]
        self._show_order(index)
        if order.status != "ready":
            raise Problem("orderNotReady", "prove the names first", 403)
        request = x509.load_der_x509_csr(_decode(payload["csr"]))
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
        if not request.is_signature_valid or sorted(names) != sorted(order.names):
            raise Problem("badCSR", "the names are not those of the order")
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(self.authority.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=self.days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .sign(self.authority.key, hashes.SHA256())
        )
        order.chain = (made.public_bytes(certificates.Encoding.PEM) + self.authority.pem).decode()
        order.status = "valid"
        return self._show_order(index)


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _handler(fake: FakeAcme) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(200, {}, fake.directory() if self.path == "/directory" else "")

        do_HEAD = do_GET

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                if self.headers["Content-Type"] != "application/jose+json":
                    raise Problem("malformed", "application/jose+json", 415)
                self._say(*fake.answer(self.path, *fake.open(self.path, body)))
            except Problem as problem:
                kind = f"urn:ietf:params:acme:error:{problem.kind}"
                self._say(problem.status, {"Content-Type": "application/problem+json"}, {"type": kind, "detail": problem.detail})
            finally:
                connections.close_all()

        def _say(self, status: int, headers: dict[str, str], content: Any) -> None:
            body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            kind = "application/pem-certificate-chain" if isinstance(content, str) else "application/json"
            self.send_response(status)
            for name, value in ({"Content-Type": kind, "Replay-Nonce": fake.make_nonce()} | headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    return Handler
