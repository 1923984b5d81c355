"""Rules as commands of the language; what cannot be written is said at its place in the form."""

from collections.abc import Callable, Mapping
from datetime import date

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax

from .ruleset import MAX_TEXT, MAX_VACATION_TEXT, MAX_VALUES, AwayMessage, BadRule, Forwarding, Rule, RuleTest
from .writing import write_string, write_strings


class Writer:
    def __init__(self) -> None:
        self.needs: set[str] = set()

    def rule(self, rule: Rule, place: str) -> str:
        _check_text(rule.name, f"{place}.name", 200, empty=True)
        if rule.match not in ("all", "any"):
            raise BadRule(f"{place}.match", "A rule asks for all or any of its conditions.")
        if not rule.tests:
            raise BadRule(f"{place}.tests", "A rule needs a condition.")
        if not rule.actions:
            raise BadRule(f"{place}.actions", "A rule needs something to do.")
        needs = set(self.needs)
        tests = [self._test(test, f"{place}.tests.{index}") for index, test in enumerate(rule.tests)]
        actions = self._actions(rule, place)
        if not rule.is_enabled:
            self.needs = needs
            return ""
        joined = tests[0] if len(tests) == 1 else f"{rule.match}of ({', '.join(tests)})"
        return f"if {joined} {{\n" + "".join(f"    {line}\n" for line in actions) + "}\n"

    def _actions(self, rule: Rule, place: str) -> list[str]:
        kinds = [action.kind for action in rule.actions]
        for index, action in enumerate(rule.actions):
            if action.kind not in _ACTIONS:
                raise BadRule(f"{place}.actions.{index}.kind", "There is no such action.")
        if "refuse" in kinds and len(kinds) > 1:
            raise BadRule(f"{place}.actions", "A refused message cannot be kept, filed or sent on as well.")
        # Flags are set before anything is stored, whatever order they were chosen in.
        ordered = sorted(enumerate(rule.actions), key=lambda one: one[1].kind not in _FLAGGING)
        lines = [_ACTIONS[action.kind](self, action.value.strip(), f"{place}.actions.{index}.value") for index, action in ordered]
        return [*lines, "stop;"] if rule.stops else lines

    def _test(self, test: RuleTest, place: str) -> str:
        for index, value in enumerate(test.values):
            _check_text(value, f"{place}.values.{index}", MAX_TEXT)
        if len(test.values) > MAX_VALUES:
            raise BadRule(f"{place}.values", f"A condition may have {MAX_VALUES} values.")
        if test.field == "any":
            return "true"
        if test.field == "spam":
            self.needs |= {"spamtest", "relational", "comparator-i;ascii-numeric"}
            return 'spamtest :value "ge" :comparator "i;ascii-numeric" "5"'
        if test.field == "attachment":
            self.needs.add("mime")
            return 'header :mime :anychild :type "content-disposition" "attachment"'
        if test.field == "size":
            return _size(test, place)
        negated, how = test.how.startswith("not_"), test.how.removeprefix("not_")
        made = self._compare(test, how, place)
        return f"not {made}" if negated else made

    def _compare(self, test: RuleTest, how: str, place: str) -> str:
        head = self._field(test, how, place)
        if how == "exists":
            return head
        if how not in _HOWS:
            raise BadRule(f"{place}.how", "There is no such comparison.")
        if not test.values:
            raise BadRule(f"{place}.values", "Something to compare with is missing.")
        match, shape = _HOWS[how]
        test_name, _, rest = head.partition(" ")
        return f"{test_name} :{match} {rest} {write_strings(map(shape, test.values), is_list=len(test.values) > 1)}"

    def _field(self, test: RuleTest, how: str, place: str) -> str:
        if test.field == "body":
            self.needs.add("body")
            if how == "exists":
                raise BadRule(f"{place}.how", "A message always has a body.")
            return "body :text"
        if test.field == "detail":
            self.needs |= {"envelope", "subaddress"}
            return 'envelope :matches :detail "to" "*"' if how == "exists" else 'envelope :detail "to"'
        names = _FIELDS.get(test.field, ())
        if test.field == "header":
            names = (_check_header(test.header, f"{place}.header"),)
        if not names:
            raise BadRule(f"{place}.field", "There is no such field.")
        written = write_strings(names, is_list=len(names) > 1)
        if how == "exists":
            return f"anyof ({', '.join(f'exists {write_string(name)}' for name in names)})" if len(names) > 1 else f"exists {written}"
        return f"{'address' if test.field in _ADDRESSES and how == 'is' else 'header'} {written}"

    # -- actions ------------------------------------------------------------------------------

    def file(self, value: str, place: str) -> str:
        self.needs |= {"fileinto", "mailbox"}
        return f"fileinto :create {write_string(_check_folder(value, place))};"

    def copy(self, value: str, place: str) -> str:
        self.needs |= {"fileinto", "mailbox", "copy"}
        return f"fileinto :copy :create {write_string(_check_folder(value, place))};"

    def flag(self, value: str, place: str) -> str:
        self.needs.add("imap4flags")
        return 'addflag "\\\\Flagged";'

    def read(self, value: str, place: str) -> str:
        self.needs.add("imap4flags")
        return 'addflag "\\\\Seen";'

    def label(self, value: str, place: str) -> str:
        self.needs.add("imap4flags")
        if not value or not value.isascii() or any(char in '(){ %*"\\]' or not char.isprintable() for char in value) or len(value) > 100:
            raise BadRule(place, "A label is one word of plain letters, digits and signs.")
        return f"addflag {write_string(value)};"

    def forward(self, value: str, place: str) -> str:
        return f"redirect {write_string(_check_address(value, place))};"

    def forward_copy(self, value: str, place: str) -> str:
        self.needs.add("copy")
        return f"redirect :copy {write_string(_check_address(value, place))};"

    def refuse(self, value: str, place: str) -> str:
        self.needs.add("reject")
        return f"reject {write_string(_check_text(value, place, MAX_TEXT, lines=True))};"

    def discard(self, value: str, place: str) -> str:
        return "discard;"

    def keep(self, value: str, place: str) -> str:
        return "keep;"

    # -- the two that are no rules --------------------------------------------------------------

    def vacation(self, away: AwayMessage) -> str:
        _check_text(away.text, "vacation.text", MAX_VACATION_TEXT, lines=True)
        _check_text(away.subject, "vacation.subject", 200, empty=True)
        if not 1 <= away.days <= 30:
            raise BadRule("vacation.days", "Between 1 and 30 days.")
        starts, ends = _check_date(away.starts, "vacation.starts"), _check_date(away.ends, "vacation.ends")
        if starts and ends and ends < starts:
            raise BadRule("vacation.ends", "The last day comes before the first.")
        addresses = [_check_address(one, f"vacation.addresses.{index}") for index, one in enumerate(away.addresses)]
        if away.zone and not (len(away.zone) == 5 and away.zone[0] in "+-" and away.zone[1:].isdecimal() and away.zone[1:].isascii()):
            raise BadRule("vacation.zone", "A zone is written +hhmm or -hhmm.")
        if not away.is_enabled:
            return ""
        self.needs.add("vacation")
        words = ["vacation", f":days {away.days}"]
        if away.subject.strip():
            words.append(f":subject {write_string(away.subject.strip())}")
        if addresses:
            words.append(f":addresses {write_strings(addresses)}")
        command = " ".join([*words, write_string(away.text)]) + ";\n"
        bounds = [self._bound(relation, day, away.zone) for relation, day in (("ge", away.starts), ("le", away.ends)) if day]
        if not bounds:
            return command
        joined = bounds[0] if len(bounds) == 1 else f"allof ({', '.join(bounds)})"
        return f"if {joined} {{\n    {command}}}\n"

    def _bound(self, relation: str, day: str, zone: str) -> str:
        self.needs |= {"date", "relational"}
        written = f':zone "{zone}" ' if zone else ""
        return f'currentdate :value "{relation}" {written}"date" "{day}"'

    def forwarding(self, forwarding: Forwarding) -> str:
        if not forwarding.addresses:
            raise BadRule("forwarding.addresses", "An address to send mail on to is missing.")
        addresses = [_check_address(one, f"forwarding.addresses.{index}") for index, one in enumerate(forwarding.addresses)]
        if len(addresses) > 8:
            raise BadRule("forwarding.addresses", "Mail can be sent on to 8 addresses.")
        if not forwarding.is_enabled:
            return ""
        if forwarding.keeps_copy:
            self.needs.add("copy")
            return "".join(f"redirect :copy {write_string(one)};\n" for one in addresses)
        return "".join(f"redirect {write_string(one)};\n" for one in addresses) + "stop;\n"


def _glob(text: str) -> str:
    return "".join(f"\\{char}" if char in "*?\\" else char for char in text)


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "from": ("from",),
    "to": ("to",),
    "cc": ("cc",),
    "recipient": ("to", "cc"),
    "subject": ("subject",),
    "list": ("list-id",),
}
_ADDRESSES = frozenset(("from", "to", "cc", "recipient"))
_HOWS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "contains": ("contains", str),
    "is": ("is", str),
    "starts": ("matches", lambda value: f"{_glob(value)}*"),
    "ends": ("matches", lambda value: f"*{_glob(value)}"),
    "matches": ("matches", str),
}
_ACTIONS: Mapping[str, Callable[[Writer, str, str], str]] = {
    "file": Writer.file,
    "copy": Writer.copy,
    "flag": Writer.flag,
    "read": Writer.read,
    "label": Writer.label,
    "forward": Writer.forward,
    "forward_copy": Writer.forward_copy,
    "refuse": Writer.refuse,
    "discard": Writer.discard,
    "keep": Writer.keep,
}
_FLAGGING = frozenset(("flag", "read", "label"))


def _size(test: RuleTest, place: str) -> str:
    if test.how not in ("over", "under"):
        raise BadRule(f"{place}.how", "A size is over or under a number of bytes.")
    if len(test.values) != 1 or not test.values[0].isdecimal() or not test.values[0].isascii() or len(test.values[0]) > 12:
        raise BadRule(f"{place}.values", "A size is one number of bytes.")
    return f"size :{test.how} {int(test.values[0])}"


def _check_text(value: str, place: str, longest: int, *, empty: bool = False, lines: bool = False) -> str:
    if not empty and not value.strip():
        raise BadRule(place, "A text is missing.")
    if len(value) > longest:
        raise BadRule(place, f"At most {longest} characters.")
    allowed = "\n\r\t" if lines else "\t"
    if any((ord(char) < 32 and char not in allowed) or 0xD800 <= ord(char) <= 0xDFFF or ord(char) == 127 for char in value):
        raise BadRule(place, "The text holds a character that cannot be written.")
    return value


def _check_folder(value: str, place: str) -> str:
    _check_text(value, place, 1_000)
    if not all(level.strip() for level in value.split("/")):
        raise BadRule(place, "A folder cannot have this name.")
    return value


def _check_header(name: str, place: str) -> str:
    if not name or len(name) > 76 or not name.isascii() or any(char in ": " or not char.isprintable() for char in name):
        raise BadRule(place, "That is not the name of a header field.")
    return name


def _check_address(value: str, place: str) -> str:
    try:
        return str(MailAddress.parse(value))
    except BadSyntax as error:
        raise BadRule(place, error.public) from error


def _check_date(value: str, place: str) -> date | None:
    if not value:
        return None
    try:
        if len(value) != 10:
            raise ValueError(value)
        return date.fromisoformat(value)
    except ValueError as error:
        raise BadRule(place, "A day is written 2026-05-31.") from error
