"""The checked form of a script: every command a function of the run, every test a condition.

What is wrong is found here, once, with its place; what is left to run time needs the message.
With `ihave` required, words nobody knows are left to run time too (RFC 5463 §4).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .actions import At, Note
from .comparators import Comparator
from .extensions import SUPPORTED
from .faults import Place, RunFault, ScriptFault
from .limits import DEFAULT, Limits
from .matching import RELATIONS, Match, Matcher, make_matcher
from .run import Condition, Run, Signal, Step
from .signatures import Bound, Signature, Unsupported, bind
from .strings import String, StringList, make_list, make_string
from .tree import Command, Strings, Test
from .writing import write_head, write_test


@dataclass(frozen=True, slots=True)
class CommandWord:
    signature: Signature
    compile: "Callable[[Compiler, Bound], Step]"
    needs: str = ""
    """Extensions parted by blanks, any of which makes the word known."""


@dataclass(frozen=True, slots=True)
class TestWord:
    __test__ = False

    signature: Signature
    compile: "Callable[[Compiler, Bound], Condition]"
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    commands: Mapping[str, CommandWord]
    tests: Mapping[str, TestWord]


class Compiler:
    def __init__(self, vocabulary: Vocabulary, *, name: str, traced: bool, limits: Limits = DEFAULT) -> None:
        self._vocabulary = vocabulary
        self.name = name
        self.limits = limits
        self.loops: list[str] = []
        """Names of the `foreverypart` blocks around; "" for one without."""
        self._traced = traced
        self._required: set[str] = set()
        self._is_lenient = False

    # -- the whole ----------------------------------------------------------------------------

    def program(self, commands: Sequence[Command]) -> Step:
        count = 0
        while count < len(commands) and commands[count].name == "require":
            self._require(commands[count])
            count += 1
        if "ihave" in self._required:
            self._is_lenient = True
            self._required |= SUPPORTED & set(_mentioned(commands))
        return self.block(commands[count:])

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self._required)

    def _require(self, command: Command) -> None:
        if len(command.arguments) != 1 or not isinstance(command.arguments[0], Strings) or command.tests or command.block is not None:
            raise ScriptFault(command.place, "“require” takes a string or a list of strings")
        for item in command.arguments[0].items:
            if item.value not in SUPPORTED:
                raise ScriptFault(item.place, f"the extension “{item.value}” is not known here")
            self._required.add(item.value)

    # -- what the words ask ---------------------------------------------------------------------

    def has(self, extension: str) -> bool:
        return extension in self._required

    def need(self, extensions: str, what: str, place: Place) -> None:
        wanted = extensions.split()
        if not any(extension in self._required for extension in wanted):
            raise Unsupported(place, f"{what} needs {' or '.join(f'require “{one}”' for one in wanted)} at the start of the script")

    def at(self, place: Place) -> At:
        return At(self.name, place.line)

    def string(self, strings: Strings) -> String:
        return self.strings(strings).items[0]

    def strings(self, strings: Strings) -> StringList:
        variables, encoded = self.has("variables"), self.has("encoded-character")
        return make_list([make_string(item, variables=variables, encoded=encoded) for item in strings.items], strings.place)

    def constant(self, strings: Strings, what: str) -> str:
        found = self.string(strings).constant
        if found is None:
            raise ScriptFault(strings.place, f"{what} cannot hold variables")
        return found

    def matcher(self, bound: Bound, keys: StringList) -> Matcher:
        return make_matcher(self.match(bound, self.has("variables")), keys)

    def match(self, bound: Bound, captures: bool) -> Match:
        kind = bound.chosen("is", "contains", "matches", "regex", "count", "value") or "is"
        relation = ""
        if (written := bound.tag_strings(kind)) is not None:
            relation = self.constant(written, f"“:{kind}”").lower()
            if relation not in RELATIONS:
                raise ScriptFault(written.place, f"“:{kind}” takes one of {', '.join(RELATIONS)}")
        found = Match(kind, self._comparator(bound), relation, captures and kind in ("matches", "regex"))
        found.check(bound.tag_places.get(kind, bound.place))
        return found

    def _comparator(self, bound: Bound) -> Comparator:
        written = bound.tag_strings("comparator")
        if written is None:
            return Comparator.CASEMAP
        name = self.constant(written, "“:comparator”")
        try:
            found = Comparator(name)
        except ValueError:
            known = ", ".join(one.value for one in Comparator)
            raise Unsupported(written.place, f"the comparator “{name}” is not known; known are {known}") from None
        if found is Comparator.NUMERIC:
            self.need("comparator-i;ascii-numeric", "this comparator", written.place)
        return found

    # -- commands -----------------------------------------------------------------------------

    def block(self, commands: Sequence[Command]) -> Step:
        pairs: list[tuple[Place, Step]] = []
        position = 0
        while position < len(commands):
            command = commands[position]
            position += 1
            if command.name == "if":
                chain = [command]
                while position < len(commands) and commands[position].name in ("elsif", "else"):
                    chain.append(commands[position])
                    position += 1
                    if chain[-1].name == "else":
                        break
                pairs.append((command.place, self._choice(chain)))
            else:
                pairs.append((command.place, self._command(command)))
        return self._sequence(pairs)

    def _sequence(self, pairs: Sequence[tuple[Place, Step]]) -> Step:
        count, name = len(pairs), self.name

        def block(run: Run) -> Signal | None:
            run.spend(count)
            place = None
            try:
                for place, step in pairs:  # noqa: B007 - read where a step fails
                    signal = step(run)
                    if signal is not None:
                        return signal
            except RunFault as fault:
                if fault.place is None:
                    fault.place, fault.script = place, name
                raise
            return None

        return block

    def _choice(self, chain: Sequence[Command]) -> Step:
        branches: list[tuple[Condition, Step]] = []
        for command in chain:
            takes_test = command.name != "else"
            bound = bind(command, Signature(tests="one" if takes_test else "", block=True), self.need)
            condition = self.test(bound.tests[0]) if takes_test else _always
            branches.append((condition, self.block(bound.block)))

        def choice(run: Run) -> Signal | None:
            for condition, block in branches:
                if condition(run):
                    return block(run)
            return None

        return choice

    def _command(self, command: Command) -> Step:
        try:
            step = self._known_command(command)
        except Unsupported as fault:
            if not self._is_lenient:
                raise
            return _fail(fault, self.name)
        return self._trace_command(command, step) if self._traced and command.name in TRACED else step

    def _known_command(self, command: Command) -> Step:
        if command.name == "require":
            raise ScriptFault(command.place, "“require” must come before all other commands")
        if command.name in ("elsif", "else"):
            raise ScriptFault(command.place, f"“{command.name}” without an “if” before it")
        word = self._vocabulary.commands.get(command.name)
        if word is None:
            hint = "; it is a test, and stands after if" if command.name in self._vocabulary.tests else ""
            raise Unsupported(command.place, f"there is no command “{command.name}”{hint}")
        if word.needs:
            self.need(word.needs, f"“{command.name}”", command.place)
        return word.compile(self, bind(command, word.signature, self.need))

    def test(self, test: Test) -> Condition:
        try:
            condition = self._known_test(test)
        except Unsupported as fault:
            if not self._is_lenient:
                raise
            step = _fail(fault, self.name)
            return lambda run: step(run) is not None
        return self._trace_test(test, condition) if self._traced else condition

    def _known_test(self, test: Test) -> Condition:
        word = self._vocabulary.tests.get(test.name)
        if word is None:
            hint = "; it is a command" if test.name in self._vocabulary.commands else ""
            raise Unsupported(test.place, f"there is no test “{test.name}”{hint}")
        if word.needs:
            self.need(word.needs, f"“{test.name}”", test.place)
        return word.compile(self, bind(test, word.signature, self.need))

    # -- the account --------------------------------------------------------------------------

    def _trace_test(self, test: Test, condition: Condition) -> Condition:
        text, line, name = _shorten(write_test(test)), test.place.line, self.name

        def traced(run: Run) -> bool:
            result = condition(run)
            run.notes.append(Note(name, line, text, result))
            return result

        return traced

    def _trace_command(self, command: Command, step: Step) -> Step:
        note = Note(self.name, command.place.line, _shorten(write_head(command)))

        def traced(run: Run) -> Signal | None:
            run.notes.append(note)
            return step(run)

        return traced


TRACED = frozenset(
    (
        "keep", "fileinto", "redirect", "discard", "reject", "ereject", "vacation", "notify", "stop", "addheader", "deleteheader",
        "include", "return", "setflag", "addflag", "removeflag",
    )
)  # fmt: skip
"""Commands that the account of a run names."""


def _mentioned(commands: Iterable[Command]) -> Iterable[str]:
    """Every string of an `ihave` test, wherever it stands."""
    for command in commands:
        waiting = list(command.tests)
        while waiting:
            test = waiting.pop()
            waiting.extend(test.tests)
            if test.name == "ihave":
                yield from (item.value for one in test.arguments if isinstance(one, Strings) for item in one.items)
        yield from _mentioned(command.block or ())


def _always(run: Run) -> bool:
    return True


def _fail(fault: ScriptFault, name: str) -> Step:
    def step(run: Run) -> Signal | None:
        raise RunFault(fault.text, fault.place, name)

    return step


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else f"{text[:159]}…"
