"""RFC 5228 §2, §8: what is read, and where it is said to be wrong."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.sieve.faults import ScriptFault
from mailcore.sieve.letter import Letter
from mailcore.sieve.lexer import Kind, tokens
from mailcore.sieve.parser import parse
from mailcore.sieve.script import compile_script
from mailcore.sieve.world import World
from mailcore.sieve.writing import write_string

from .desk import PLAIN, decide


def place_of(script: str | bytes) -> tuple[int, int, str]:
    with pytest.raises(ScriptFault) as caught:
        compile_script(script)
    fault = caught.value
    assert fault.public == f"line {fault.place.line}, column {fault.place.column}: {fault.text}"
    return fault.place.line, fault.place.column, fault.text


def test_white_space_and_comments_mean_nothing() -> None:
    script = '/* one\n * two ***/ #three\r\nrequire/**/"fileinto";\n\n  fileinto # four\n "A" ; # end'
    assert decide(script) == ["into A"]


def test_words_are_read_in_any_case() -> None:
    assert decide('REQUIRE "fileinto"; IF HEADER :Contains "SUBJECT" "ORDER" { FileInto "A"; }') == ["into A"]


@pytest.mark.parametrize(
    ("written", "value"),
    [("100", 100), ("1K", 1024), ("2m", 2 << 20), ("3G", 3 << 30)],
)
def test_numbers_have_units(written: str, value: int) -> None:
    assert next(tokens(written)).value == value


def test_strings_come_out_unescaped_and_undotted() -> None:
    assert next(tokens(r'"a \"b\" \\ \c"')).text == 'a "b" \\ c'
    assert next(tokens("text: # note\r\none\r\n..two\r\n...\r\n.\r\n")).text == "one\r\n.two\r\n..\r\n"
    assert next(tokens('"two\nlines"')).text == "two\nlines"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")))
@settings(max_examples=100, deadline=None)
def test_a_written_string_reads_back(value: str) -> None:
    found = list(tokens(write_string(value)))
    assert [token.kind for token in found] == [Kind.STRING, Kind.END]
    assert found[0].text.removesuffix("\n") == value.removesuffix("\n")


@pytest.mark.parametrize(
    ("script", "line", "column", "text"),
    [
        ("keep", 1, 5, "an argument or “;” after “keep” is expected, but here is the script ends"),
        ("keep;\n  nosuch;", 2, 3, "there is no command “nosuch”"),
        ('if header "a" { keep; }', 1, 4, "“header” lacks an argument: a string or a list of strings is expected"),
        ("if true {\n keep;\n", 3, 1, "a command or “}” is expected, but here is the script ends"),
        ("if true keep;", 1, 1, "“if” lacks its block { … }"),
        ("if { keep; }", 1, 1, "“if” lacks a test"),
        ("else { keep; }", 1, 1, "“else” without an “if” before it"),
        ("keep true;", 1, 6, "“keep” takes no test; “;” is expected"),
        ("keep {}", 1, 1, "“keep” takes no block; “;” is expected"),
        ('keep; require "fileinto";', 1, 7, "“require” must come before all other commands"),
        ('require ["fileinto",\n "nosuch"];', 2, 2, "the extension “nosuch” is not known here"),
        ('fileinto "A";', 1, 1, "“fileinto” needs require “fileinto” at the start of the script"),
        ('require "fileinto"; fileinto :copy "A";', 1, 30, "“:copy” needs require “copy” at the start of the script"),
        ('if size :over "a" { keep; }', 1, 15, "“size” expects a number here"),
        ("if size 5 { keep; }", 1, 4, "“size” needs “:over” or “:under”"),
        ("if size :over :under 5 { keep; }", 1, 15, "“:under” cannot be used together with “:over”"),
        ('if header :is :contains "a" "b" { keep; }', 1, 15, "“:contains” cannot be used together with “:is”"),
        ('if header "a" :is "b" { keep; }', 1, 15, "“:is” must stand before the other arguments"),
        ('if header :nosuch "a" "b" { keep; }', 1, 11, "“header” knows no tag “:nosuch”; known are "),
        ('if header :comparator "i;nosuch" "a" "b" { keep; }', 1, 23, "the comparator “i;nosuch” is not known"),
        ('if address "subject" "b" { keep; }', 1, 12, "“subject” is not a header field of addresses; use “header”"),
        ("if not (true, false) { keep; }", 1, 15, "“not” takes one test; use allof or anyof for more"),
        ('redirect "no address";', 1, 10, "“no address” is not an address: "),
        ("if keep { stop; }", 1, 4, "there is no test “keep”; it is a command"),
        ("header;", 1, 1, "there is no command “header”; it is a test, and stands after if"),
        ('keep "a" "b" ;', 1, 6, "“keep” takes no further argument"),
        ('redirect ["a@b.example", "c@d.example"];', 1, 10, "“redirect” expects a string here"),
        ("if true { keep; } } ", 1, 19, "a command is expected, but here is “}”"),
        ('keep;\n"open', 2, 1, "this string is never closed"),
        ("/* open", 1, 1, "this comment is never closed"),
        ("redirect text:\nopen\n", 1, 10, "this text is never closed: a line with a single dot is expected"),
        ("if size :over 99999999999999999999 { keep; }", 1, 15, "the number is too large"),
        ("if size :over 5X { keep; }", 1, 15, "a number is written with digits"),
        ("keep ~;", 1, 6, "the character '~' means nothing here"),
        ("if exists [] { keep; }", 1, 12, "a string is expected, but here is “]”"),
        ('if exists ["a" "b"] { keep; }', 1, 16, "“,” or “]” after a string is expected, but here is a string"),
        ("keep : ;", 1, 6, "a tag name is expected after “:”"),
    ],
)
def test_a_fault_names_its_place(script: str, line: int, column: int, text: str) -> None:
    found_line, found_column, found_text = place_of(script)
    assert (found_line, found_column) == (line, column)
    assert found_text.startswith(text)


def test_bytes_that_are_not_utf8_are_refused_where_they_stand() -> None:
    assert place_of(b'keep;\n# \xff"')[:2] == (2, 3)
    assert place_of("keep;\n\0")[:2] == (2, 1)
    assert place_of("keep; # " + "x" * 300_000)[2].startswith("the script is longer than")


def test_deep_nesting_is_refused_not_followed() -> None:
    assert "nested deeper" in place_of("if true {" * 5_000)[2]
    assert "nested deeper" in place_of("if " + "not " * 5_000 + "true { keep; }")[2]
    assert "nested deeper" in place_of("if " + "anyof (" * 5_000 + "true")[2]


_WORDS = """
require "fileinto" "variables" ["copy", ] ; { } ( ) [ , if elsif else not anyof allof true false header :contains :matches :is "a"
"${a}" size :over 10K keep stop set "b" text: # /* */ " \\ redirect "a@b.example" foreverypart break ihave 5 :regex "("
"""
_PIECES = st.sampled_from(_WORDS.split())


@given(st.lists(_PIECES, max_size=40).map(" ".join) | st.text(max_size=80) | st.binary(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_compiles_or_says_where_it_does_not(script: str | bytes) -> None:
    try:
        compiled = compile_script(script)
    except ScriptFault as fault:
        assert fault.place.line >= 1 and fault.place.column >= 1
    else:
        assert compiled.run(Letter(PLAIN), World()).actions


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_no_message_makes_a_run_raise(raw: bytes) -> None:
    script = compile_script(
        'require ["body","date","mime","foreverypart","variables","extracttext","editheader","index","relational","fileinto","envelope"];'
        'if anyof(header :contains ["subject","from"] "x", address :domain "from" "y.example", body :text :contains "z",'
        ' body :content "text" :matches "*q*", date :value "ge" "date" "year" "2020",'
        ' header :mime :anychild :param "name" "content-type" "a",'
        ' address :index 1 :last :all "to" "", exists "x", size :over 100) { addheader "X-A" "b"; deleteheader "subject"; }'
        'foreverypart { extracttext :first 20 "t"; if string :matches "${t}" "?*" { break; } }'
    )
    outcome = script.run(Letter(raw), World(sender="", recipient="a@b.example"))
    assert not outcome.error and len(outcome.actions) == 1


def test_the_tree_is_what_was_written() -> None:
    (command,) = parse('if anyof (true, header :is "a" ["b", "c"]) { keep; stop; }')
    assert command.name == "if"
    assert [test.name for test in command.tests[0].tests] == ["true", "header"]
    assert [inner.name for inner in command.block or ()] == ["keep", "stop"]
