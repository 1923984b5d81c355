from .builders import Client, filled


def opened() -> Client:
    client = Client(filled(4))
    client.ok(b"CREATE Box")
    client.ok(b"SELECT INBOX")
    return client


def test_copy_and_its_code() -> None:
    client = opened()
    assert b" OK [COPYUID 1002 1:2,4 1:3] " in client.run(b"COPY 1:2,4 Box")
    assert b" NO [TRYCREATE] " in client.run(b"UID COPY 1 Nowhere")
    assert b" NO [TRYCREATE] " in client.run(b"UID MOVE 1 Nowhere")
    assert b" BAD " in client.run(b"COPY 9 Box")
    assert b" OK Nothing" in client.run(b"UID COPY 9 Box")


def test_copy_into_the_open_folder_is_seen_at_once() -> None:
    assert b"* 5 EXISTS\r\n" in opened().ok(b"COPY 1 INBOX")


def test_move() -> None:
    client = opened()
    assert client.ok(b"MOVE 1:2 Box") == b"* OK [COPYUID 1002 1:2 1:2] Moved\r\n* 2 EXPUNGE\r\n* 1 EXPUNGE\r\n"
    assert client.ok(b"UID MOVE 4 Box") == b"* OK [COPYUID 1002 4 3] Moved\r\n* 2 EXPUNGE\r\n"
    assert client.ok(b"FETCH 1:* UID") == b"* 1 FETCH (UID 3)\r\n"
    assert client.ok(b"NOOP") == b""


def test_expunge_all_and_by_uid() -> None:
    client = opened()
    client.ok(b"STORE 1:3 +FLAGS.SILENT \\Deleted")
    assert client.ok(b"UID EXPUNGE 2,4") == b"* 2 EXPUNGE\r\n"
    assert client.ok(b"EXPUNGE") == b"* 2 EXPUNGE\r\n* 1 EXPUNGE\r\n"
    assert client.ok(b"EXPUNGE") == b""


def test_close_expunges_in_silence_and_unselect_does_not() -> None:
    client = opened()
    client.ok(b"STORE 1:2 +FLAGS.SILENT \\Deleted")
    assert client.ok(b"UNSELECT") == b""
    assert b"* 4 EXISTS" in client.ok(b"SELECT INBOX")
    assert client.ok(b"CLOSE") == b""
    assert b"* 2 EXISTS" in client.ok(b"SELECT INBOX")
