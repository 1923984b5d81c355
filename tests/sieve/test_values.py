"""Variables, flags and matches: RFC 5229, RFC 5232, the regular expressions of the draft."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.sieve.faults import ScriptFault
from mailcore.sieve.globs import compile_glob
from mailcore.sieve.regexes import BadPattern, compile_pattern, quote
from mailcore.sieve.script import compile_script

from .desk import decide, holds

NEEDS = 'require ["variables", "fileinto", "imap4flags", "regex", "relational", "comparator-i;ascii-numeric", "enotify"]; '


@pytest.mark.parametrize(
    ("script", "folder"),
    [
        ('set "a" "x"; fileinto "${a}${A}";', "xx"),
        ('set "a" "x"; fileinto "${b}-${a}";', "-x"),
        ('set "a" "x"; fileinto "$${a}}";', "$x}"),
        ('fileinto "${1a} ${} ${a b}";', "${1a} ${} ${a b}"),
        ('set :lower "a" "ABC"; fileinto "${a}";', "abc"),
        ('set :upperfirst :lower "a" "jOHN"; fileinto "${a}";', "John"),
        ('set :lowerfirst :upper "a" "John"; fileinto "${a}";', "jOHN"),
        ('set :length "a" "héllo"; fileinto "${a}";', "5"),
        ('set :length :quotewildcard "a" "a*b"; fileinto "${a}";', "4"),
        ('set :quotewildcard "a" "R?o*\\\\"; fileinto "${a}";', "R\\?o\\*\\\\"),
        ('set :quoteregex "a" "a.b"; fileinto "${a}";', "a\\.b"),
        ('set :encodeurl "a" "a b&c"; fileinto "${a}";', "a%20b%26c"),
        ('if header :matches "subject" "* order ????*" { fileinto "${1}/${2}${3}${4}${5}/${6}"; }', "Your/1234/ is on its way"),
        ('if header :matches "subject" "*" { fileinto "${0}"; }', "Your order 1234 is on its way"),
        ('if header :matches "subject" "*o*" { fileinto "${1}|${9}"; }', "Y|"),
        ('if header :regex "subject" "order ([0-9]+)" { fileinto "${0}=${1}"; }', "order 1234=1234"),
        ('if header :regex "subject" "(a)|(o)rder" { fileinto "[${1}][${2}]"; }', "[][o]"),
        ('if header :matches "subject" "Your *" { if header :matches "subject" "none*" {} fileinto "${1}"; }', "order 1234 is on its way"),
        ('set "p" "ORD*"; if string :matches "order 7" "${p}" { fileinto "${1}"; }', "er 7"),
        ('set "p" "^(.)"; if string :regex "order" "${p}" { fileinto "${1}"; }', "o"),
    ],
)
def test_variables(script: str, folder: str) -> None:
    assert decide(NEEDS + script) == [f"into {folder}"]


@pytest.mark.parametrize(
    ("test", "truth"),
    [
        ('string "${none}" ""', True),
        ('string :count "eq" ["${none}", "a"] "1"', True),
        ('string :value "gt" :comparator "i;ascii-numeric" "10" "9"', True),
    ],
)
def test_string(test: str, truth: bool) -> None:
    assert holds(test, require="variables relational comparator-i;ascii-numeric") is truth


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ('setflag "\\\\seen"; ', ["implicit \\Seen"]),
        ('setflag ["\\\\Seen \\\\Flagged", "$work"]; removeflag "\\\\seen"; keep;', ["keep \\Flagged $work"]),
        ('addflag "a b"; addflag "B c"; keep;', ["keep a b c"]),
        ('keep :flags ["\\\\Deleted", "not(ok)", "\\\\Recent", ""];', ["keep \\Deleted"]),
        ('setflag "a"; fileinto :flags "b" "F"; keep;', ["into F b", "keep a"]),
        ('setflag "v" "x y"; addflag "v" "z"; removeflag "v" "y"; fileinto :flags "${v}" "F";', ["into F x z"]),
        ('setflag "\\\\Seen"; if hasflag "\\\\SEEN" { keep; }', ["keep \\Seen"]),
        ('setflag "a b"; if hasflag :count "eq" "2" { keep; }', ["keep a b"]),
        ('setflag "v" "junk"; if hasflag :contains "v" "un" { discard; }', ["discard"]),
        ('setflag "one"; if hasflag "one two" { discard; }', ["discard"]),
        ('addflag "a"; discard;', ["discard"]),
    ],
)
def test_flags(script: str, wanted: list[str]) -> None:
    assert decide(NEEDS + script) == wanted


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ('set "1" "a";', "is not the name of a variable"),
        ('set "a${b}" "c";', "cannot hold variables"),
        ('set :lower :upper "a" "b";', "cannot be used together"),
        ('fileinto "${other.name}";', "the namespace of ${other.name} is not known"),
        ('if header :regex "a" "(" { keep; }', "regular expression: a “(” without its “)”"),
        ('if header :regex :comparator "i;ascii-numeric" "a" "b" { keep; }', "“:regex” cannot be used with the comparator i;ascii-numeric"),
        ('if header :count "xx" "a" "b" { keep; }', "takes one of gt, ge"),
    ],
)
def test_what_is_wrong_with_values_is_found_before_any_message(script: str, text: str) -> None:
    with pytest.raises(ScriptFault) as caught:
        compile_script(NEEDS + script)
    assert text in caught.value.text


def test_a_long_value_is_cut_not_kept() -> None:
    grow = 'set "a" "xxxxxxxxxx"; ' + 'set "a" "${a}${a}${a}${a}"; ' * 40
    assert decide(NEEDS + grow + 'if string :matches "${a}" "xx*" { discard; }') == ["discard"]


# -- globs and regular expressions against the standard library's ---------------------------

_GLOB = st.text("ab*?\\", max_size=8)


@given(_GLOB, st.text("ab", max_size=10))
@settings(max_examples=100, deadline=None)
def test_globs_agree_with_backtracking(pattern: str, text: str) -> None:
    source, position = "", 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\" and position + 1 < len(pattern):
            position += 1
            source += re.escape(pattern[position])
        else:
            source += {"*": "(.*?)", "?": "(.)"}.get(char, re.escape(char))
        position += 1
    expected = re.compile(source, re.DOTALL).fullmatch(text)
    assert compile_glob(pattern, ignore_case=False)(text) == (expected.groups() if expected else None)


_REGEX = st.lists(
    st.sampled_from(["a", "b", "(a|b)", "[ab]", "[^a]", "a*", "b+", "(ab)?", "^", "$", ".", "(a*b)", "a{1,2}", "(a|ab)c", "|"]), max_size=5
).map("".join)


@given(_REGEX, st.text("abc", max_size=8))
@settings(max_examples=100, deadline=None)
def test_regular_expressions_agree_with_backtracking(pattern: str, text: str) -> None:
    expected = re.compile(pattern).search(text)
    mine = compile_pattern(pattern, ignore_case=False, max_states=4_096)
    found = mine.captures(text, _free)
    assert (found[0] if found else None) == (expected[0] if expected else None)
    assert mine.matches(text, _free) is (expected is not None)


def _free(steps: int) -> None:
    assert steps >= 0


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(a|aa)+$b", "(.*)(.*)(.*)(.*)x", "(a{1,50}){1,20}b"])
def test_patterns_that_explode_elsewhere_take_linear_work(pattern: str) -> None:
    work: list[int] = []
    compiled = compile_pattern(pattern, ignore_case=False, max_states=4_096)
    assert compiled.captures("a" * 4_000, work.append) is None
    assert sum(work) < 50_000


@pytest.mark.parametrize(
    "pattern", ["(", ")", "[a", "*a", "a{3,1}", "a{999}", "\\1", "[[:none:]]", "[b-a]", "a\\", "((((a{255}){255}){255}){255})"]
)
def test_bad_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(pattern, ignore_case=False, max_states=4_096)


@pytest.mark.parametrize(
    ("pattern", "text", "truth"),
    [
        ("[[:digit:]]{2}", "a12", True), ("^[[:alpha:]]+$", "ab1", False), ("[]x]", "]", True), ("[a-]", "-", True), ("a{,2}b", "b", True),
        ("ÄRGER", "großer ärger", True), ("\\d\\s\\w", "1 x", True), ("a{x", "a{x", True), ("\\.", "a", False), ("^$", "", True),
    ],
)  # fmt: skip
def test_the_dialect(pattern: str, text: str, truth: bool) -> None:
    assert compile_pattern(pattern, ignore_case=True, max_states=4_096).matches(text, _free) is truth


@given(st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_quoted_text_matches_itself(text: str) -> None:
    assert compile_pattern(f"^{quote(text)}$", ignore_case=False, max_states=4_096).matches(text, _free)


def test_many_keys_on_many_fields_end_by_the_step_limit() -> None:
    raw = b"".join(b"X-A: value %d\r\n" % number for number in range(5_000)) + b"\r\n"
    keys = ", ".join(f'"k{number}"' for number in range(2_000))
    found = decide(f'if header :contains "x-a" [{keys}] {{ discard; }}', raw)
    assert found == ["error the script takes more than 100000 steps", "implicit"]
