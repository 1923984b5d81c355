from .builders import Client, filled


def test_create_rename_delete() -> None:
    client = Client()
    client.ok(b'CREATE "A/B/"')
    assert b" NO [ALREADYEXISTS] " in client.run(b"CREATE A/B")
    assert b" NO [ALREADYEXISTS] " in client.run(b"CREATE inbox")
    assert b" NO [HASCHILDREN] " in client.run(b"DELETE A")
    client.ok(b"RENAME A &AOk-")
    assert client.ok(b'LIST "" "*"') == (
        b'* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\HasChildren) "/" &AOk-\r\n* LIST (\\HasNoChildren) "/" &AOk-/B\r\n'
    )
    client.ok(b"DELETE &AOk-/B")
    assert b" NO [NONEXISTENT] " in client.run(b"DELETE &AOk-/B")
    assert b" NO [NOPERM] " in client.run(b"DELETE INBOX")
    assert b" NO [CANNOT] " in client.run(b'CREATE "Tom & Ann"')


def test_removing_the_open_folder_leaves_it() -> None:
    client = Client()
    client.ok(b"CREATE A")
    client.ok(b"SELECT A")
    assert b"[CLOSED]" in client.ok(b"DELETE A")
    assert b" BAD " in client.run(b"FETCH 1 FLAGS")


def test_a_folder_removed_by_another_ends_the_connection() -> None:
    client = Client()
    client.ok(b"CREATE A")
    client.ok(b"SELECT A")
    client.store.delete_folder("A")
    assert client.run(b"NOOP").startswith(b"* BYE ")
    assert client.session.close


def test_subscriptions() -> None:
    client = Client()
    client.ok(b"CREATE A/B")
    client.ok(b"SUBSCRIBE A/B")
    assert b'* LSUB () "/" A/B\r\n' in client.ok(b'LSUB "" "*"')
    assert b'* LSUB (\\Noselect) "/" A\r\n' in client.ok(b'LSUB "" "%"')
    assert b" NO [NONEXISTENT] " in client.run(b"SUBSCRIBE nowhere")
    client.ok(b"DELETE A/B")
    assert b'* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" A/B\r\n' in client.ok(b'LIST (SUBSCRIBED) "" "*"')
    client.ok(b"UNSUBSCRIBE A/B")
    assert b"A/B" not in client.ok(b'LSUB "" "*"')


def test_list_extended() -> None:
    client = Client(filled(2))
    client.ok(b"CREATE Sent (USE (\\Sent))")
    client.ok(b"CREATE Work/Deep (USE (\\Archive))")
    assert client.ok(b'LIST "" ""') == b'* LIST (\\Noselect) "/" ""\r\n'
    assert client.ok(b'LIST (SPECIAL-USE) "" "*"').count(b"* LIST") == 2
    status = client.ok(b'LIST "" (INBOX Sent) RETURN (STATUS (MESSAGES UNSEEN) CHILDREN SUBSCRIBED)')
    assert b'* LIST (\\HasNoChildren \\Subscribed) "/" INBOX\r\n* STATUS INBOX (MESSAGES 2 UNSEEN 2)\r\n' in status
    below = client.ok(b'LIST (SPECIAL-USE RECURSIVEMATCH) "" "%"')
    assert b'* LIST (\\HasChildren) "/" Work ("CHILDINFO" ("SPECIAL-USE"))\r\n' in below
    assert client.ok(b'LIST "Work/" "%"') == b'* LIST (\\HasNoChildren \\Archive) "/" Work/Deep\r\n'
    assert b" BAD " in client.run(b'LIST (RECURSIVEMATCH) "" "*"')


def test_status() -> None:
    client = Client(filled(2))
    answer = client.ok(b"STATUS INBOX (MESSAGES UNSEEN UIDNEXT UIDVALIDITY RECENT SIZE DELETED HIGHESTMODSEQ MAILBOXID)")
    assert answer == (
        b"* STATUS INBOX (MESSAGES 2 UNSEEN 2 UIDNEXT 3 UIDVALIDITY 1001 RECENT 2 SIZE 148 DELETED 0 HIGHESTMODSEQ 3 MAILBOXID (F1))\r\n"
    )
    assert b" NO [NONEXISTENT] " in client.run(b"STATUS nowhere (MESSAGES)")
    assert b" BAD " in client.run(b"STATUS INBOX (WEATHER)")
    assert b'(("" "/")) (("Other Users/" "/")) (("Shared/" "/"))' in client.ok(b"NAMESPACE")
