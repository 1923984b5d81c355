"""The Facteur of this room as another program sees it: addresses, ports, a certificate."""

import re
import shutil
import smtplib
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flows.facteur import PASSWORD, Facteur, wait_until

HOST = "127.0.0.1"
TRACE = re.compile(rb"((Return-Path|Delivered-To|Received):[^\r\n]*\r\n([ \t][^\r\n]*\r\n)*)+")


@dataclass(frozen=True)
class Person:
    house: "House"
    address: str
    password: str = PASSWORD

    def is_sent(self, *letters: bytes) -> None:
        """From another server, through the MX port; returns when all have arrived."""
        with smtplib.SMTP(HOST, self.house.ports["smtp"], timeout=20) as client:
            for letter in letters:
                client.sendmail("eve@elsewhere.test", [self.address], letter, ["BODY=8BITMIME"])
        self.waits_for(len(letters))

    def waits_for(self, count: int) -> None:
        wait_until(lambda: len(self.inbox()) >= count, 30, f"{count} messages of {self.address}")

    def inbox(self) -> list[bytes]:
        return self.house.facteur.letters(self.address, whole=True)


class House:
    def __init__(self, facteur: Facteur) -> None:
        self.facteur, self.ports = facteur, facteur.ports
        self.certificate = facteur.data / "tls" / "certificate.pem"
        self._addresses = iter(facteur.addresses)

    def next_person(self) -> Person:
        return Person(self, next(self._addresses))

    def trust(self) -> ssl.SSLContext:
        """Checks the name and the chain: Facteur's own certificate is the only one believed."""
        return ssl.create_default_context(cafile=str(self.certificate))


def without_trace(raw: bytes) -> bytes:
    """A message as it was before Facteur put its trace on top; there must be one."""
    match = TRACE.match(raw)
    assert match, raw[:200]
    return raw[match.end() :]


def lf(letters: list[bytes]) -> list[bytes]:
    """As Maildirs and pipes hold them; sorted, for programs that promise no order."""
    return sorted(letter.replace(b"\r\n", b"\n") for letter in letters)


def need(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def run(*words: str | Path, given: bytes = b"", good: tuple[int, ...] = (0,), **environ: str) -> bytes:
    """What it printed. `good`: exit codes that are no failure."""
    done = subprocess.run(
        [str(word) for word in words], input=given, env={"PATH": "/usr/bin:/bin", **environ} if environ else None,
        capture_output=True, timeout=40,
    )  # fmt: skip
    assert done.returncode in good, (done.returncode, done.stdout[-2_000:], done.stderr[-2_000:])
    return done.stdout
