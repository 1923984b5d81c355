"""Tables of Sendmail and Postfix: every line has its outcome, a dry run changes nothing, and a second run finds all there."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore.directory import aliases, domains, mailboxes
from mailcore.directory.models import Address, Domain
from mailcore.filtering.policy import lists, shelf
from mailcore.kernel.errors import BadSyntax
from mailcore.transports import relays, routes, table, transports
from mailcore.transports.tables import bringing
from mailcore.transports.tables.bringing import Verdict
from mailcore.transports.tables.reading import read, split_targets

pytestmark = pytest.mark.django_db

ALIASES = """# comment
postmaster: root
root:\tann, zoe@far.test
"odd name": ann
team: ann,
\tbo, "cy"@here.test
prog: |/usr/bin/vacation
file: /var/mail/x
list: :include:/etc/list
ann: \\ann, zoe@far.test
bo: bo
loop: pool
pool: loop
no colon here
nobody:
"""


@pytest.fixture(autouse=True)
def here() -> Iterator[None]:
    domains.create(name="here.test")
    mailboxes.create(address="ann@here.test", password=None)
    mailboxes.create(address="bo@here.test", password=None)
    table.forget()
    shelf.forget()
    yield
    table.forget()
    shelf.forget()


def verdicts(kind: str, text: str, *, applies: bool = True, domain: str = "here.test") -> dict[str, str]:
    report = bringing.bring(kind=kind, text=text, domain=domain, applies=applies)
    return {one.text.split(":")[0].split()[0]: one.verdict.value for one in report.outcomes}


def test_aliases() -> None:
    found = verdicts("aliases", ALIASES)
    assert found == {
        "postmaster": "done",
        "root": "done",
        '"odd': "failed",
        "team": "done",
        "prog": "left out",
        "file": "left out",
        "list": "left out",
        "ann": "left out",
        "bo": "there already",
        "loop": "done",
        "pool": "failed",
        "no": "failed",
        "nobody": "failed",
    }
    assert [row.target for row in aliases.get(address="root@here.test").targets.order_by("id")] == ["ann@here.test", "zoe@far.test"]
    assert Address.objects.filter(kind=Address.Kind.ALIAS).count() == 4


def test_a_dry_run_says_the_same_and_changes_nothing() -> None:
    trial = bringing.bring(kind="aliases", text=ALIASES, domain="here.test", applies=False)
    assert not Address.objects.filter(kind=Address.Kind.ALIAS).exists()
    done = bringing.bring(kind="aliases", text=ALIASES, domain="here.test", applies=True)
    assert trial.outcomes == done.outcomes
    again = bringing.bring(kind="aliases", text=ALIASES, domain="here.test", applies=True)
    assert again.counts[Verdict.DONE] == 0 and again.counts[Verdict.THERE] == 5
    changed = verdicts("aliases", "root: bo\n")
    assert changed == {"root": "left out"}


def test_virtual_users() -> None:
    text = (
        "new.test anything\ninfo@here.test ann@here.test, zoe@far.test\n@here.test bo@here.test\n@new.test a@here.test b@here.test\n"
        "@else.test ann@here.test\nx@else.test ann@here.test\nno@here.test error:nouser No such user\n@here.test %1@far.test\nsales ann\n"
    )
    report = bringing.bring(kind="virtual", text=text, domain="here.test", applies=True)
    said = [one.verdict.value for one in report.outcomes]
    assert said == ["done", "done", "done", "failed", "left out", "left out", "left out", "left out", "done"]
    assert Domain.objects.filter(name="new.test").exists()
    assert domains.get(name="here.test").catch_all == "bo@here.test"
    assert verdicts("virtual", "@here.test bo@here.test\n") == {"@here.test": "there already"}
    assert verdicts("virtual", "@here.test ann@here.test\n") == {"@here.test": "left out"}


def test_a_mailertable_comes_in_the_order_of_its_meaning() -> None:
    text = (
        ".far.test smtp:[a.test]\nfar.test relay:b.test\n. esmtp:out.test\ndeep.x.far.test error:5.7.1:not there\n"
        ".x.far.test lmtp:c.test:24\nhere.test smtp:[a.test]\nodd.test uucp:host\nlocal.test local:\nbad.test smtp:a b\n"
    )
    found = verdicts("mailertable", text)
    assert found == {
        ".far.test": "done",
        "far.test": "done",
        ".": "done",
        "deep.x.far.test": "done",
        ".x.far.test": "done",
        "here.test": "left out",
        "odd.test": "left out",
        "local.test": "left out",
        "bad.test": "failed",
    }
    order = [(one.recipient, one.transport) for one in routes.list_all()]
    assert order == [
        ("far.test", "b.test-25"),
        ("deep.x.far.test", "refuse-not-there"),
        (".x.far.test", "lmtp-c.test-24"),
        (".far.test", "a.test-25"),
        ("", "out.test-25"),
    ]
    assert [line.name for line in relays.list_relayed()] == ["far.test"]
    rule = table.find_rule(sender="", recipient="a@deep.x.far.test", size=0)
    assert rule is not None and rule.place.text == "not there"


def test_a_transport_map() -> None:
    text = (
        "far.test smtp:[::1]:2525\n* :[out.test]:587\nann@far.test hold:look at it\n.sub.test smtps:[s.test]\nnear.test smtp:\n"
        "none.test :\nsock.test lmtp:unix:/run/x\nstore.test lmtp:inet:127.0.0.1:2424\n"
        "two.test smtp:[a.test]:25,[b.test]:25\ngone.test discard:\n"
    )
    found = verdicts("transport", text)
    assert [name for name, verdict in found.items() if verdict != "done"] == ["none.test", "sock.test", "two.test", "gone.test"]
    shown = {one.name: (one.kind, one.host, one.port, one.tls) for one in transports.list_all()}
    assert shown == {
        "1-2525": ("smarthost", "::1", 2525, "may"),
        "out.test-587": ("smarthost", "out.test", 587, "may"),
        "hold-look-at-it": ("hold", "", 0, "may"),
        "s.test-465": ("smarthost", "s.test", 465, "implicit"),
        "direct": ("direct", "", 0, "may"),
        "lmtp-127.0.0.1-2424": ("lmtp", "127.0.0.1", 2424, "may"),
    }
    assert routes.list_all()[0].recipient == "ann@far.test" and routes.list_all()[-1].recipient == ""
    assert set(verdicts("transport", text).values()) == {"there already", "left out"}
    assert verdicts("transport", "far.test smtp:[else.test]\n") == {"far.test": "left out"}


def test_an_access_map() -> None:
    text = (
        "192.0.2 REJECT\n198.51.100.7 550 no spam\nConnect:2001:db8::/32 ERROR:5.7.1:550 no\n"
        "spammer@far.test REJECT\nFrom:bad.test DISCARD\n"
        "friend.test OK\nTo:client.test RELAY\n10 RELAY\nConnect:host.far.test REJECT\nFrom:x.test RELAY\nTo:ann@here.test REJECT\n"
        "x.test FILTER smtp:y\ny.test DUNNO\nz.test ERROR:4.7.1:451 later\nGreetPause:z.test 500\nwatch.test HOLD\nempty.test\n"
    )
    report = bringing.bring(kind="access", text=text, applies=True)
    assert [one.verdict.value for one in report.outcomes] == [*["done"] * 7, *["left out"] * 8, "done", "failed"]
    kept = {one.pattern: (one.act, one.note) for one in lists.list_all(owner="system")}
    assert kept["192.0.2.0/24"][0] == "refuse"
    assert kept["198.51.100.7/32"] == ("refuse", "550 no spam")
    assert {kept[name][0] for name in ("2001:db8::/32", "spammer@far.test")} == {"refuse"}
    assert (kept["bad.test"][0], kept["friend.test"][0], kept["watch.test"][0]) == ("discard", "accept", "hold")
    assert [line.name for line in relays.list_relayed()] == ["client.test"]
    assert verdicts("access", "192.0.2 OK\n192.0.2.0/24 REJECT\nTo:client.test RELAY\n") == {
        "192.0.2": "left out",
        "192.0.2.0/24": "there already",
        "To": "there already",
    }


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_lines(text: str, is_aliases: bool) -> None:
    for line in read(text, is_aliases=is_aliases):
        assert line.number >= 1 and line.text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(list(bringing.KINDS)),
    st.text(st.sampled_from('ab.@:,[]"|/% \\1'), min_size=1, max_size=12),
    st.text(st.sampled_from('ab.@:,[]"|/% \\1'), max_size=20),
)
def test_any_line_has_an_outcome(kind: str, key: str, value: str) -> None:
    bringing.bring(kind=kind, text=f"{key} {value}\n", domain="here.test", applies=False)


def test_targets_in_quotes() -> None:
    assert split_targets('a, "b, c" , "d"@e.test,, f') == ["a", "b, c", '"d"@e.test', "f"]


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "aliases"
    file.write_bytes(b"info: ann\r\nwork: |x\r\n")
    out = StringIO()
    call_command("table", "aliases", str(file), "--domain", "here.test", stdout=out)
    assert out.getvalue().splitlines()[0] == "1\twould be done\tinfo: ann\tinfo@here.test leads to ann@here.test"
    assert out.getvalue().endswith("1 done, 1 left out. Nothing was changed: say --apply.\n")
    call_command("table", "aliases", str(file), "--domain", "here.test", "--apply", stdout=StringIO())
    assert aliases.get(address="info@here.test")
    out = StringIO()
    call_command("table", "aliases", str(file), stdout=out)
    assert "say which is meant (--domain)" in out.getvalue()
    (tmp_path / "aliases.db").write_bytes(b"\0\1")
    for path in ("aliases.db", "missing"):
        with pytest.raises(CommandError, match=path):
            call_command("table", "aliases", str(tmp_path / path))
    with pytest.raises(BadSyntax):
        bringing.bring(kind="cookbook", text="", applies=False)
