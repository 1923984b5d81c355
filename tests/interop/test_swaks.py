"""swaks over submission: STARTTLS or TLS at once, each way to log in."""

import subprocess

import pytest

from .house import HOST, House, Person, need, run, without_trace
from .letters import PLAIN

pytestmark = pytest.mark.processes


def swaks(person: Person, *words: str, good: tuple[int, ...] = (0,)) -> bytes:
    addresses = ("--from", person.address, "--to", person.address, "--ehlo", "me.test")
    if subprocess.run(["perl", "-MNet::SSLeay", "-e1"], capture_output=True, check=False).returncode:
        pytest.skip("swaks has no TLS: libnet-ssleay-perl is not installed")
    return run(need("swaks"), "--server", HOST, *addresses, *words, "--data", "-", given=PLAIN.replace(b"\r\n", b"\n"), good=good)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("door", ["submission", "submissions"])
def test_submits(house: House, person: Person, door: str, mechanism: str) -> None:
    tls = "--tls" if door == "submission" else "--tls-on-connect"
    login = ("--auth", mechanism, "--auth-user", person.address, "--auth-password", person.password)
    swaks(person, "--port", str(house.ports[door]), tls, *login)
    person.waits_for(1)
    letter = without_trace(person.inbox()[0])
    assert letter.rstrip(b"\r\n") == PLAIN.rstrip(b"\r\n")  # swaks ends the text with a line of its own


def test_nothing_is_submitted_without_a_login(house: House, person: Person) -> None:
    said = swaks(person, "--port", str(house.ports["submission"]), "--tls", good=(23,))
    assert b"530 5.7.0" in said


def test_mail_for_others_is_not_relayed(house: House, person: Person) -> None:
    said = swaks(person, "--port", str(house.ports["smtp"]), "--from", "eve@elsewhere.test", "--to", "bo@elsewhere.test", good=(24,))
    assert b"550 5.7.1" in said
