from .builders import Client, filled


def opened(count: int = 3) -> Client:
    client = Client(filled(count))
    client.ok(b"SELECT INBOX")
    return client


def test_add_remove_replace() -> None:
    client = opened()
    assert client.ok(b"STORE 1:2 +FLAGS (\\seen $A)").endswith(
        b"* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent $A))\r\n* 2 FETCH (UID 2 FLAGS (\\Seen \\Recent $A))\r\n"
    )
    assert client.ok(b"STORE 1 -FLAGS $A") == b"* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))\r\n"
    assert client.ok(b"UID STORE 2 FLAGS (\\Deleted)") == b"* 2 FETCH (UID 2 FLAGS (\\Deleted \\Recent))\r\n"
    assert client.ok(b"STORE 2 FLAGS ()") == b"* 2 FETCH (UID 2 FLAGS (\\Recent))\r\n"


def test_silence_and_no_echo() -> None:
    client = opened()
    assert client.ok(b"STORE 1 +FLAGS.SILENT \\Seen \\Flagged") == b""
    assert client.ok(b"NOOP") == b""
    assert client.ok(b"FETCH 1 FLAGS") == b"* 1 FETCH (FLAGS (\\Seen \\Flagged \\Recent))\r\n"


def test_errors() -> None:
    client = opened()
    assert b" BAD " in client.run(b"STORE 9 +FLAGS \\Seen")
    assert b" BAD " in client.run(b"STORE 1 +FLAGS \\Weather")
    assert b" BAD " in client.run(b"STORE 1 +FLAGS ({3})")
    assert b"OK" in client.run(b"UID STORE 9 +FLAGS \\Seen")
    client.ok(b"EXAMINE INBOX")
    assert b" NO [READ-ONLY] " in client.run(b"STORE 1 +FLAGS \\Seen")
    assert b" NO [READ-ONLY] " in client.run(b"EXPUNGE")
    assert b" NO [READ-ONLY] " in client.run(b"UID MOVE 1 INBOX")


def test_unchanged_since() -> None:
    client = opened()
    client.ok(b"ENABLE CONDSTORE")
    other = Client(client.store)
    other.ok(b"SELECT INBOX")
    other.ok(b"STORE 2 +FLAGS.SILENT \\Flagged")
    answer = client.run(b"STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Deleted)")
    assert b" OK [MODIFIED 2] " in answer
    assert b"* 1 FETCH (UID 1 MODSEQ (6))\r\n" in answer
    assert b"* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent) MODSEQ (5))\r\n" in answer
