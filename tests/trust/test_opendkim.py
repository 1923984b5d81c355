"""OpenDKIM on our signatures, and ours on OpenDKIM's."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mailcore.trust.dkim.signing import SigningKey
from tests.trust import keys
from tests.trust.test_dkim import MESSAGE, sign_ours, verify

PROGRAM = shutil.which("opendkim") or shutil.which("opendkim", path="/usr/sbin")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="opendkim is not installed")


def run(folder: Path, message: bytes, *settings: str) -> str:
    (folder / "letter.eml").write_bytes(message)
    (folder / "opendkim.conf").write_text("\n".join((*settings, "Syslog no", "RequireSafeKeys no", "")))
    words = [str(PROGRAM), "-x", str(folder / "opendkim.conf"), "-t", str(folder / "letter.eml"), "-v", "-v"]
    return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False).stdout


@pytest.mark.parametrize("key", [keys.signing_rsa, keys.signing_ed])
def test_opendkim_believes_ours(tmp_path: Path, key: Callable[[], SigningKey]) -> None:
    (tmp_path / "keys").write_text(f"r._domainkey.ann.test {keys.rsa_record()}\ne._domainkey.ann.test {keys.ed_record()}\n")
    signed = sign_ours(MESSAGE, key())
    said = run(tmp_path, signed, "Mode v", f"TestPublicKeys {tmp_path}/keys")
    assert "succeeded" in said
    assert "dkim=pass" in said
    assert "failed" in run(tmp_path, signed.replace(b"five", b"six"), "Mode v", f"TestPublicKeys {tmp_path}/keys")


@pytest.mark.parametrize("how", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
@pytest.mark.parametrize("oversign", ["", "OversignHeaders From,Subject"])
def test_we_believe_opendkim(tmp_path: Path, how: str, oversign: str) -> None:
    secret = tmp_path / "key.pem"
    secret.write_bytes(keys.rsa_pem())
    secret.chmod(0o600)
    said = run(tmp_path, MESSAGE, "Mode s", "Domain ann.test", "Selector r", f"KeyFile {secret}", f"Canonicalization {how}", oversign)
    found = re.search(r"hname='DKIM-Signature' hvalue='(.*?)'\n", said, re.DOTALL)
    assert found is not None, said
    value = re.sub(r"\r?\n", "\r\n", found[1])
    signed = f"DKIM-Signature:{'' if value.startswith(' ') else ' '}{value}\r\n".encode() + MESSAGE
    assert [one.result for one in verify(signed)] == ["pass"]
