"""A stranger's message from the port to the mailbox, with a zone file for the DNS."""

import dataclasses
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest

from mailcore.delivery import drain
from mailcore.kernel.ids import BlobId
from mailcore.queue import journey
from mailcore.queue.models import Entry
from mailcore.store import blobs
from mailcore.store.models import Folder, Message
from tests.servers.conftest import ANN, Ports, front  # noqa: F401
from tests.trust import keys
from tests.trust.test_dkim import MESSAGE, sign_ours

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = keys.zone() + 'ann.test TXT "v=spf1 ip4:127.0.0.1 -all"\n_dmarc.ann.test TXT "v=DMARC1; p={policy}"\neve.test TXT "v=spf1 -all"\n'


@pytest.fixture
def stranger(settings: Any, request: pytest.FixtureRequest) -> Iterator[Ports]:
    """A front that trusts nobody; the policy of ann.test is the parameter."""
    policy = getattr(request, "param", "reject")
    file = f"door-{policy}.zone"
    (settings.FACTEUR.data / file).write_text(ZONE.format(policy=policy))
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, zone_file=file, trusted_networks=())
    yield request.getfixturevalue("front")


def send(ports: Ports, raw: bytes, sender: str) -> None:
    with smtplib.SMTP("127.0.0.1", ports.smtp, "mail.ann.test", timeout=10) as client:
        client.sendmail(sender, [ANN], raw)


def kept() -> bytes:
    return blobs.read(BlobId(Entry.objects.get().blob_id))


def test_good_mail_says_so(stranger: Ports) -> None:
    signed = sign_ours(b"Authentication-Results: mx.facteur.test; dmarc=pass\r\n" + MESSAGE, keys.signing_ed())
    send(stranger, signed, "ann@ann.test")
    raw = kept()
    assert raw.startswith(b"Authentication-Results: mx.facteur.test;\r\n\tspf=pass")
    assert raw.count(b"Authentication-Results:") == 1
    assert b"dmarc=pass\r\n\t header.from=ann.test" in raw
    assert raw.endswith(MESSAGE)
    steps = journey.list_steps(trace_id=Entry.objects.get().trace_id)
    assert [step.stage for step in steps] == ["received", "checked", "checked", "checked", "queued"]
    assert "DMARC pass" in steps[1].text


def test_forged_mail_is_refused_at_the_door(stranger: Ports) -> None:
    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(stranger, MESSAGE, "x@eve.test")
    assert caught.value.smtp_code == 550
    assert caught.value.smtp_error.startswith(b"5.7.1 Refused by the DMARC policy of ann.test")
    assert not Entry.objects.exists()


@pytest.mark.parametrize("stranger", ["quarantine"], indirect=True)
def test_suspicious_mail_is_filed_as_junk(stranger: Ports) -> None:
    send(stranger, MESSAGE, "x@eve.test")
    drain.drain(owner="test")
    (message,) = Message.objects.all()
    assert Folder.objects.get(pk=message.folder_id).special_use == "\\Junk"
    steps = journey.list_steps(trace_id=Entry.objects.get().trace_id)
    assert steps[2].text == "DMARC policy quarantine of ann.test: filed as junk"
    assert steps[-1].text.endswith("Delivered to the mailbox as junk.")


def test_from_a_trusted_network_nothing_is_asked(settings: Any, request: pytest.FixtureRequest) -> None:
    ports = request.getfixturevalue("front")
    send(ports, b"Authentication-Results: mx.facteur.test; dmarc=pass\r\n" + MESSAGE, "x@eve.test")
    assert b"Authentication-Results" not in kept()
    assert kept().endswith(MESSAGE)
