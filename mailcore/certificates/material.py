"""A certificate chain and its key as PEM: read, checked to belong together, and what they say. Pure."""

from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from mailcore.kernel.addresses import fold_domain
from mailcore.kernel.errors import BadSyntax


@dataclass(frozen=True)
class Material:
    chain: bytes
    key: bytes

    @cached_property
    def leaf(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.chain)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Folded; one may begin with `*.`."""
        try:
            found = self.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return ()
        return tuple(dict.fromkeys(name.lower() for name in found.get_values_for_type(x509.DNSName)))

    @property
    def not_before(self) -> int:
        return int(self.leaf.not_valid_before_utc.timestamp())

    @property
    def not_after(self) -> int:
        return int(self.leaf.not_valid_after_utc.timestamp())

    @property
    def is_self_signed(self) -> bool:
        return self.leaf.issuer == self.leaf.subject

    @property
    def end_point(self) -> bytes:
        """What a login can be bound to (RFC 5929 §4): a digest by the hash the certificate is signed with, SHA-256 at least."""
        algorithm = self.leaf.signature_hash_algorithm
        if algorithm is None or algorithm.name in ("md5", "sha1"):
            algorithm = hashes.SHA256()
        return self.leaf.fingerprint(algorithm)


def check(chain: bytes, key: bytes) -> Material:
    """BadSyntax where one of them cannot be read, the key is locked, or they do not belong together."""
    found = Material(chain, key)
    try:
        shown = found.leaf.public_key()
    except ValueError as error:
        raise BadSyntax("The certificate cannot be read. It must be PEM, the server's own first.", str(error)) from error
    try:
        kept = load_pem_private_key(key, None).public_key()
    except (ValueError, TypeError) as error:
        raise BadSyntax("The key cannot be read. It must be PEM, without a password.", str(error)) from error
    if kept.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != shown.public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ):
        raise BadSyntax("The key is not the certificate's.")
    return found


def fold_names(names: list[str]) -> tuple[str, ...]:
    """Host names as a certificate has them. BadSyntax for what is none."""
    found = tuple(dict.fromkeys(fold_domain(name.strip().rstrip(".")) for name in names if name.strip()))
    for name in found:
        if "." not in name or name.startswith("[") or not all(part.replace("-", "").isalnum() for part in name.split(".")):
            raise BadSyntax(f"{name} is not the name of a host.")
    if not found:
        raise BadSyntax("Give at least one name.")
    return tuple(name.encode("idna").decode("ascii") if not name.isascii() else name for name in found)
