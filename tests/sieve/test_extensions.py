"""Everything beyond RFC 5228 that looks at the message or its surroundings, one table an extension."""

from datetime import timedelta, timezone
from pathlib import Path

import pytest

from mailcore.sieve.actions import FileInto, Keep, Notify, Redirect, Seen, Vacation
from mailcore.sieve.extensions import ANNOUNCED, SUPPORTED
from mailcore.sieve.faults import ScriptFault
from mailcore.sieve.letter import Letter
from mailcore.sieve.script import Script, compile_script
from mailcore.sieve.world import World

from .desk import MIXED, NOW, PLAIN, decide, holds, run, told

# -- body: RFC 5173 ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('body :contains "greetings & kisses"', True),
        ('body :contains "<p>"', False),
        ('body :text :contains "Grüße aus"', True),
        ('body :raw :contains "R3LDvMOf"', True),
        ('body :raw :contains "Grüße"', False),
        ('body :content "text" :contains "<b>kisses</b>"', True),
        ('body :content "text/plain" :contains "kisses"', False),
        ('body :content ["image", "application/pdf"] :contains "%PDF"', True),
        ('body :content "" :contains "%PDF"', True),
        ('body :content "multipart" :contains "preamble"', True),
        ('body :content "text" :matches "Grüße*"', True),
        ('body :content "image" :contains ""', False),
        ('body :content "text" :count "eq" :comparator "i;ascii-numeric" "2"', True),
    ],
)
def test_body(test: str, truth: bool) -> None:
    assert holds(test, MIXED, require="body relational comparator-i;ascii-numeric") is truth


def test_body_sets_no_match_variables() -> None:
    script = (
        'require ["body", "variables", "fileinto"]; if header :matches "subject" "Your *" '
        '{ if body :matches "*today*" { fileinto "${1}"; } }'
    )
    assert decide(script) == ["into order 1234 is on its way"]


# -- date and index: RFC 5260 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('date :originalzone "date" "date" "2026-03-13"', True),
        ('date "date" "date" "2026-03-14"', True),
        ('date :zone "-0500" "date" "hour" "23"', True),
        ('date :originalzone "date" "zone" "-0500"', True),
        ('date :originalzone "date" "weekday" "5"', True),
        ('date :originalzone "date" "time" "23:30:00"', True),
        ('date :originalzone "date" "iso8601" "2026-03-13T23:30:00-05:00"', True),
        ('date :originalzone "date" "std11" "Fri, 13 Mar 2026 23:30:00 -0500"', True),
        ('date "date" "julian" "61113"', True),
        ('date "x-none" "year" "2026"', False),
        ('date :matches "subject" "year" "*"', False),
        ('date :value "ge" "date" "date" "2026-01-01"', True),
        ('currentdate "iso8601" "2026-03-14T15:09:26+00:00"', True),
        ('currentdate :zone "+0530" "time" "20:39:26"', True),
        ('currentdate "weekday" "6"', True),
        ('allof (currentdate :value "ge" "date" "2026-03-01", currentdate :value "lt" "date" "2026-04-01")', True),
    ],
)
def test_date(test: str, truth: bool) -> None:
    assert holds(test, require="date relational") is truth


def test_the_zone_of_the_house_is_used_where_none_is_named() -> None:
    here = NOW.astimezone(timezone(timedelta(hours=2)))
    assert holds('currentdate "hour" "17"', require="date", now=here)
    assert holds('date "date" "hour" "06"', require="date", now=here)


def test_received_dates_follow_the_last_semicolon() -> None:
    raw = b"Received: from a; x by b;\r\n\tTue, 1 Apr 1997 09:06:31 -0800 (PST)\r\n\r\n"
    assert holds('date :originalzone "received" "date" "1997-04-01"', raw, require="date")


TWICE = b"X-A: one\r\nX-A: two\r\nX-A: three\r\nTo: a@x.example\r\nTo: b@y.example, c@z.example\r\n\r\n"


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('header :index 1 "x-a" "one"', True),
        ('header :index 2 "x-a" "one"', False),
        ('header :index 1 :last "x-a" "three"', True),
        ('header :last :index 3 "x-a" "one"', True),
        ('header :index 4 :matches "x-a" "*"', False),
        ('address :index 2 :domain "to" "z.example"', True),
        ('address :index 1 :domain "to" "z.example"', False),
    ],
)
def test_index(test: str, truth: bool) -> None:
    assert holds(test, TWICE, require="index") is truth


# -- surroundings: RFC 5183, RFC 5490, RFC 8579, RFC 7352, RFC 5235 ------------------------------


def test_environment() -> None:
    items = {"name": "Facteur", "phase": "during", "remote-ip": "192.0.2.7"}
    assert holds('environment :contains "NAME" "facteur"', require="environment", environment=items)
    assert holds('environment :matches "remote-ip" "192.0.2.*"', require="environment", environment=items)
    assert not holds('environment :matches "vnd.x.y" "*"', require="environment", environment=items)


def test_mailboxes_are_asked_for() -> None:
    def exists(name: str) -> bool:
        return name in ("INBOX", "Work/2026")

    assert holds('mailboxexists ["INBOX", "Work/2026"]', require="mailbox", mailbox_exists=exists)
    assert not holds('mailboxexists ["INBOX", "None"]', require="mailbox", mailbox_exists=exists)
    (action,) = run('require ["mailbox", "fileinto"]; fileinto :create "New";').actions
    assert isinstance(action, FileInto) and action.create


def test_special_use() -> None:
    def has(folder: str | None, use: str) -> bool:
        return use == "\\Archive" and folder in (None, "Old")

    assert holds('specialuse_exists "\\\\Archive"', require="special-use", special_use_exists=has)
    assert holds('specialuse_exists "Old" "\\\\Archive"', require="special-use", special_use_exists=has)
    assert not holds('specialuse_exists ["\\\\Archive", "\\\\Junk"]', require="special-use", special_use_exists=has)
    (action,) = run('require ["special-use", "fileinto"]; fileinto :specialuse "\\\\Junk" "Spam";').actions
    assert isinstance(action, FileInto) and (action.folder, action.special_use) == ("Spam", "\\Junk")


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('metadata "INBOX" "/private/comment" "mine"', True),
        ('metadata :contains "INBOX" "/private/comment" "in"', True),
        ('metadata "INBOX" "/private/none" ""', False),
        ('metadata "Other" "/private/comment" "mine"', False),
        ('metadataexists "INBOX" ["/private/comment"]', True),
        ('metadataexists "INBOX" ["/private/comment", "/private/none"]', False),
        ('servermetadata :matches "/shared/admin" "mailto:*"', True),
        ('servermetadataexists "/shared/none"', False),
    ],
)
def test_metadata(test: str, truth: bool) -> None:
    notes = {("INBOX", "/private/comment"): "mine", (None, "/shared/admin"): "mailto:root@home.example"}

    def annotation(folder: str | None, entry: str) -> str | None:
        return notes.get((folder, entry))

    assert holds(test, require="mboxmetadata servermetadata", annotation=annotation) is truth


def test_duplicates_are_asked_for_and_to_be_remembered() -> None:
    asked: list[tuple[str, str]] = []

    def was_seen(handle: str, unique_id: str) -> bool:
        asked.append((handle, unique_id))
        return len(asked) > 1

    script = 'require "duplicate"; if duplicate { discard; }'
    first = run(script, was_seen=was_seen)
    assert told(first) == ["implicit"]
    assert first.seen == (Seen(handle="", unique_id="<m1@shop.example>", seconds=None, last=False),)
    assert told(run(script, was_seen=was_seen)) == ["discard"]
    other = run('require ["duplicate", "variables"]; if duplicate :handle "h" :uniqueid "x${none}y" :seconds 60 :last { stop; }')
    assert other.seen == (Seen(handle="h", unique_id="xy", seconds=60, last=True),)
    assert run('require "duplicate"; if duplicate :header "x-none" { stop; }').seen == ()


def test_a_failed_script_remembers_nothing() -> None:
    outcome = run('require ["duplicate", "ihave"]; if duplicate { stop; } error "no";')
    assert told(outcome) == ["error no", "implicit"] and outcome.seen == ()


@pytest.mark.parametrize(
    ("test", "percent", "truth"),
    [
        ('spamtest :value "ge" :comparator "i;ascii-numeric" "6"', 80.0, True),
        ('spamtest "0"', None, True),
        ('spamtest "1"', 0.0, True),
        ('spamtest "10"', 100.0, True),
        ('spamtest :percent :value "gt" :comparator "i;ascii-numeric" "75"', 80.0, True),
        ('spamtest :percent "80"', 80.2, True),
        ('spamtest :count "ge" "1"', 5.0, True),
    ],
)
def test_spamtest(test: str, percent: float | None, truth: bool) -> None:
    assert holds(test, require="spamtestplus relational comparator-i;ascii-numeric", spam_percent=percent) is truth


def test_virustest() -> None:
    assert holds(
        'virustest :value "ge" :comparator "i;ascii-numeric" "4"', require="virustest relational comparator-i;ascii-numeric", virus_level=5
    )
    assert holds('virustest "0"', require="virustest")


# -- ihave: RFC 5463 -----------------------------------------------------------------------------


def test_ihave_leaves_unknown_words_to_run_time() -> None:
    script = 'require "ihave"; if ihave "vnd.nothing" { nothing :here "a" { keep; } } elsif ihave "fileinto" { fileinto "A"; }'
    assert decide(script) == ["into A"]
    assert decide('require "ihave"; nothing "a";') == ["error there is no command “nothing”", "implicit"]
    assert decide('require "ihave"; if not nothing { keep; }')[0] == "error there is no test “nothing”"
    assert decide('require "ihave"; error "by hand";') == ["error by hand", "implicit"]
    with pytest.raises(ScriptFault):
        compile_script('if ihave "fileinto" { keep; }')


# -- editheader: RFC 5293 ------------------------------------------------------------------------


def edited(script: str, raw: bytes = PLAIN) -> bytes:
    (action,) = run(f'require ["editheader", "index", "relational"]; {script}', raw).actions
    assert isinstance(action, Keep)
    return action.header if action.header is not None else b"(as it was)"


def test_headers_are_added() -> None:
    assert edited('addheader "X-Sorted" "by Ann";') == b"X-Sorted: by Ann\r\n" + PLAIN[: PLAIN.index(b"\r\n\r\n") + 4]
    assert edited('addheader :last "X-Sorted" "by Ann";').endswith(b"shop.example>\r\nX-Sorted: by Ann\r\n\r\n")
    assert b"X-A: =?utf-8?b?R3LDvMOfZQ==?=\r\n" in edited('addheader "X-A" "Grüße";')
    assert edited('addheader "X-A" "a\r\nBcc: x@y.example";').startswith(b"X-A: a Bcc: x@y.example\r\n")


def test_later_tests_and_actions_see_the_change() -> None:
    script = 'require ["editheader", "fileinto"]; fileinto "Before"; addheader "X-A" "1"; if header "x-a" "1" { redirect "cy@x.example"; }'
    before, after = run(script).actions
    assert isinstance(before, FileInto) and before.header is None
    assert isinstance(after, Redirect) and after.header is not None and after.header.startswith(b"X-A: 1\r\n")


def test_headers_are_deleted() -> None:
    assert b"Subject" not in edited('deleteheader "subject";')
    assert edited('deleteheader :contains "subject" "nothing";') == b"(as it was)"
    assert edited('deleteheader :index 2 "x-a";', TWICE).startswith(b"X-A: one\r\nX-A: three\r\n")
    assert edited('deleteheader :index 1 :last "x-a";', TWICE).startswith(b"X-A: one\r\nX-A: two\r\nTo:")
    assert edited('deleteheader :matches "x-a" "t*";', TWICE).startswith(b"X-A: one\r\nTo:")
    assert edited('deleteheader "received"; deleteheader "auto-submitted";', b"Received: a\r\nAuto-Submitted: no\r\n\r\n") == b"(as it was)"


def test_a_bad_name_is_found_early() -> None:
    with pytest.raises(ScriptFault):
        compile_script('require "editheader"; addheader "X A" "b";')


# -- MIME parts: RFC 5703 ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('header :mime :type "content-type" "multipart"', True),
        ('header :mime :subtype "content-type" "mixed"', True),
        ('header :mime :anychild :contenttype "content-type" "text/html"', True),
        ('header :mime :anychild :param ["filename", "name"] "content-disposition" "plan.pdf"', True),
        ('header :mime :param "filename" "content-disposition" "plan.pdf"', False),
        ('header :mime :anychild :type "content-disposition" "attachment"', True),
        ('header :mime :anychild :matches "content-type" "*pdf*"', True),
        ('exists :mime :anychild "content-disposition"', True),
        ('exists :mime "content-disposition"', False),
        ('address :mime "from" "bo@shop.example"', True),
    ],
)
def test_mime(test: str, truth: bool) -> None:
    assert holds(test, MIXED, require="mime") is truth


def test_parts_are_gone_through_in_order() -> None:
    script = (
        'require ["foreverypart", "mime", "variables", "fileinto", "relational"]; set "types" "";'
        ' foreverypart { if header :mime :contenttype :matches "content-type" "*" { set "types" "${types}${1},"; } } fileinto "${types}";'
    )
    assert decide(script, MIXED) == ["into multipart/mixed,multipart/alternative,text/plain,text/html,application/pdf,"]


def test_loops_nest_and_break_by_name() -> None:
    script = (
        'require ["foreverypart", "mime", "variables", "fileinto"]; set "n" "";'
        ' foreverypart :name "out" { foreverypart { set "n" "${n}i"; if header :mime :type "content-type" "text" { break :name "out"; } } }'
        ' fileinto "${n}";'
    )
    assert decide(script, MIXED) == ["into ii"]


def test_text_is_extracted() -> None:
    script = (
        'require ["foreverypart", "mime", "extracttext", "variables", "fileinto"];'
        ' foreverypart { if header :mime :contenttype "content-type" "text/plain"'
        ' { extracttext :first 5 :upper "t"; fileinto "${t}"; break; } }'
    )
    assert decide(script, MIXED) == ["into GRÜSSE"]


@pytest.mark.parametrize(
    "script",
    ['extracttext "t";', "break;", 'foreverypart { break :name "other"; }', 'if header :anychild "a" "b" { keep; }'],
)
def test_parts_are_asked_for_in_their_place(script: str) -> None:
    with pytest.raises(ScriptFault):
        compile_script(f'require ["foreverypart", "mime", "extracttext", "variables"]; {script}')


# -- include: RFC 6609 ---------------------------------------------------------------------------


def library(**texts: str) -> dict[tuple[str, str], Script]:
    needs = 'require ["include", "variables", "fileinto"]; '
    return {("personal", name): compile_script(needs + text, name=name) for name, text in texts.items()}


def decide_with(script: str, scripts: dict[tuple[str, str], Script]) -> list[str]:
    return decide(f'require ["include", "variables", "fileinto"]; {script}', find_script=lambda where, name: scripts.get((where, name)))


def test_included_scripts_run_with_their_own_variables() -> None:
    scripts = library(a='set "v" "inner"; return; discard;', b='global "g"; set "g" "shared";', c="stop;")
    assert decide_with('set "v" "outer"; include "a"; fileinto "${v}";', scripts) == ["into outer"]
    assert decide_with('global "g"; include "b"; fileinto "${g}";', scripts) == ["into shared"]
    assert decide_with('include "b"; fileinto "${global.g}";', scripts) == ["into shared"]
    assert decide_with('include :personal "c"; discard;', scripts) == ["implicit"]


def test_what_cannot_be_included_is_an_error_of_the_run() -> None:
    scripts = library(loop='include "loop";', twice='fileinto "T";')
    assert decide_with('include "none";', scripts) == ["error there is no personal script “none”", "implicit"]
    assert decide_with('include :optional "none"; discard;', scripts) == ["discard"]
    assert decide_with('include "loop";', scripts) == ["error the script “loop” includes itself", "implicit"]
    assert decide_with('include :once "twice"; include :once "twice";', scripts) == ["into T"]
    assert decide_with('include :global "twice";', scripts)[0] == "error there is no global script “twice”"


# -- reject: RFC 5429; vacation: RFC 5230, RFC 6131; notify: RFC 5435, RFC 5436 --------------------


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ('reject "no";', ["reject no"]),
        ('ereject "no";', ["reject no"]),
        ('reject "no"; keep;', ["error keep cannot be used together with reject", "implicit"]),
        ('fileinto "A"; ereject "no";', ["error ereject cannot be used together with fileinto", "implicit"]),
        ('reject "a"; reject "b";', ["error reject cannot be used together with reject", "implicit"]),
        ('vacation "a"; reject "b";', ["error reject cannot be used together with vacation", "implicit"]),
        ('vacation "a"; vacation "b";', ["error vacation is used twice", "implicit"]),
        ('vacation "away"; ', ["vacation away", "implicit"]),
        ('vacation "away"; discard;', ["vacation away", "discard"]),
    ],
)
def test_reject_and_vacation_beside_others(script: str, wanted: list[str]) -> None:
    assert decide(f'require ["reject", "ereject", "vacation", "fileinto"]; {script}') == wanted


@pytest.mark.parametrize(
    ("tag", "seconds"), [("", None), (":days 0", 86_400), (":days 7", 604_800), (":seconds 1800", 1_800), (":seconds 0", 0)]
)
def test_vacation_periods(tag: str, seconds: int | None) -> None:
    action, _ = run(f'require ["vacation", "vacation-seconds"]; vacation {tag} "away";').actions
    assert isinstance(action, Vacation) and action.seconds == seconds


def test_vacation_arguments() -> None:
    script = (
        'require ["vacation", "variables"]; if header :matches "subject" "*" { vacation :subject "Re: ${1}" :from "Ann <ann@home.example>"'
        ' :addresses ["a@home.example", "b@home.example"] :mime :handle "h" "Content-Type: text/plain\r\n\r\naway"; }'
    )
    action, _ = run(script).actions
    assert isinstance(action, Vacation)
    assert (action.subject, action.sender, action.handle, action.is_mime) == (
        "Re: Your order 1234 is on its way", "Ann <ann@home.example>", "h", True,
    )  # fmt: skip
    assert action.addresses == ("a@home.example", "b@home.example")
    with pytest.raises(ScriptFault):
        compile_script('require "vacation"; vacation :from "nobody" "away";')
    with pytest.raises(ScriptFault):
        compile_script('require ["vacation", "vacation-seconds"]; vacation :days 1 :seconds 2 "away";')


def test_notify() -> None:
    action, _ = run('require "enotify"; notify :importance "1" :message "Mail!" "mailto:cy@x.example?subject=Hi";').actions
    assert isinstance(action, Notify) and (action.importance, action.message) == ("1", "Mail!")
    for bad in ('notify "xmpp:a@b.example";', 'notify "mailto:";', 'notify :importance "9" "mailto:a@b.example";'):
        with pytest.raises(ScriptFault):
            compile_script(f'require "enotify"; {bad}')
    assert holds('valid_notify_method ["mailto:a@b.example"]', require="enotify")
    assert not holds('valid_notify_method ["mailto:a@b.example", "tel:1"]', require="enotify")
    assert holds('notify_method_capability "mailto:a@b.example" "Online" "maybe"', require="enotify")


# -- limits ----------------------------------------------------------------------------------------


def test_limits_keep_the_message() -> None:
    many = "".join(f'redirect :copy "u{number}@x.example"; ' for number in range(9))
    assert decide(f'require "copy"; {many}') == ["error more than 8 redirects", "implicit"]
    folders = "".join(f'fileinto "f{number}"; ' for number in range(65))
    assert decide(f'require "fileinto"; {folders}') == ["error more than 64 actions", "implicit"]


def test_a_fault_of_the_run_tells_its_line() -> None:
    outcome = run('require ["variables"];\nset "a" "x";\nif true {\n redirect "${a}";\n}')
    assert outcome.error.startswith("“x” is not an address") and str(outcome.failed_at) == "main, line 4"


# -- the account, the table of words -----------------------------------------------------------------


def test_a_traced_script_accounts_for_what_it_did() -> None:
    script = compile_script('if header :contains "subject" "x" { keep; }\nelsif true {\n discard; }', name="m", traced=True)
    notes = [(note.line, note.text, note.result) for note in script.run(Letter(PLAIN), World()).notes]
    assert notes == [(1, 'header :contains "subject" "x"', False), (2, "true", True), (3, "discard", None)]


def test_announced_extensions_can_all_be_required() -> None:
    names = ", ".join(f'"{name}"' for name in ANNOUNCED)
    assert compile_script(f"require [{names}];").required == set(ANNOUNCED) <= SUPPORTED


def test_every_message_of_the_corpus_is_borne() -> None:
    script = 'require ["body", "fileinto"]; if anyof (body :contains "zzz", address "from" "x@y.example") { fileinto "A"; }'
    corpus = sorted((Path(__file__).parents[1] / "corpus").glob("*.eml"))
    assert corpus and all(decide(script, path.read_bytes()) == ["implicit"] for path in corpus)
