"""Messages all the way through a running Facteur, with the bell broken in every way."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from smtplib import SMTPDataError

import pytest
from celery import Celery
from redis import Redis

from config.broker import socket_path
from mailcore import bell
from tests.flows.facteur import Facteur, wait_until
from tests.flows.reckoning import reckon
from tests.flows.sending import Senders

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")]

STRANGER = "bob@elsewhere.test"


@pytest.fixture(scope="module")
def facteur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    with Facteur(tmp_path_factory.mktemp("flows") / "data") as made:
        yield made


def letter(message_id: str, *, above: str = "", subject: str = "flow") -> bytes:
    return f"{above}Message-ID: <{message_id}>\r\nFrom: {STRANGER}\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()


def arrives(facteur: Facteur, address: str, message_id: str) -> Callable[[], bool]:
    return lambda: facteur.message_ids(address)[message_id] == 1


def send_while(facteur: Facteur, disturb: Callable[[], None], messages: int = 100) -> None:
    """Send, disturb again and again meanwhile, and find every message once."""
    senders = Senders(
        port=facteur.ports["smtp"], sender=STRANGER, recipients=facteur.addresses, total=messages, allowed=lambda: messages, connections=5
    )
    is_over = threading.Event()

    def keep_disturbing() -> None:
        while not is_over.wait(0.005):
            disturb()

    disturber = threading.Thread(target=keep_disturbing, daemon=True)
    disturber.start()
    try:
        senders.start()
        senders.finish(60)
        wait_until(lambda: not _open(facteur), 60, "an empty queue")
    finally:
        is_over.set()
        disturber.join()
    result = reckon(facteur, senders.ledger)
    assert (result.accepted, result.delivered) == (messages, messages), result
    assert not (result.lost or result.doubled or result.refused or result.findings), result


def _open(facteur: Facteur) -> list[str]:
    found = facteur.inside("queue")
    return [*found["queued"], *found["leased"]]


def test_a_broker_that_forgets_everything_delays_but_loses_nothing(facteur: Facteur) -> None:
    broker = Redis(unix_socket_path=str(socket_path(facteur.data)))
    send_while(facteur, lambda: broker.flushall() and None)


def test_bells_without_end_deliver_nothing_twice(facteur: Facteur) -> None:
    ringer = Celery(broker=f"redis+socket://{socket_path(facteur.data)}")
    send_while(facteur, lambda: ringer.send_task(bell.TASK, queue="facteur", ignore_result=True) and None)


def test_mail_is_taken_while_nobody_delivers(facteur: Facteur) -> None:
    address = facteur.addresses[1]
    (worker,) = facteur.pids("back")
    os.kill(worker, signal.SIGSTOP)
    try:
        facteur.receive(STRANGER, address, letter("stopped@flows"))
        assert "stopped@flows" in facteur.inside("queue")["queued"]
        assert not facteur.message_ids(address)["stopped@flows"]
    finally:
        os.kill(worker, signal.SIGCONT)
    wait_until(arrives(facteur, address, "stopped@flows"))


def test_too_many_hops_are_refused_at_the_door(facteur: Facteur) -> None:
    hops = "".join(f"Received: from h{number}.test by h{number + 1}.test; Tue, 1 Jul 2025 10:00:00 +0000\r\n" for number in range(51))
    with pytest.raises(SMTPDataError, match=r"5\.4\.6|loop") as refusal:
        facteur.receive(STRANGER, facteur.addresses[1], letter("hops@flows", above=hops))
    assert refusal.value.smtp_code == 554
    fewer = hops[hops.index("\n") + 1 :]
    facteur.receive(STRANGER, facteur.addresses[1], letter("fewer@flows", above=fewer))
    wait_until(arrives(facteur, facteur.addresses[1], "fewer@flows"))
    assert not facteur.message_ids(facteur.addresses[1])["hops@flows"]


def test_a_forwarding_loop_ends_with_a_report(facteur: Facteur) -> None:
    sender, address = facteur.addresses[2:4]
    facteur.receive(sender, address, letter("loop@flows", above=f"Delivered-To: {address}\r\n"))
    wait_until(lambda: any(b"multipart/report" in header for header in facteur.letters(sender)), what="the report")
    report = next(text for text in facteur.letters(sender, whole=True) if b"multipart/report" in text)
    assert b"5.4.6" in report and address.encode() in report
    assert not facteur.message_ids(address)["loop@flows"]
