"""Tokens to a tree (RFC 5228 §8.2). Says what was expected and where; knows no command by name."""

from collections.abc import Iterator

from .faults import ScriptFault
from .lexer import Kind, Token, decode, tokens
from .limits import DEFAULT, Limits
from .tree import Argument, Command, Number, Strings, Tag, Test, Text


def parse(script: bytes | str, limits: Limits = DEFAULT) -> tuple[Command, ...]:
    """The commands of a script; raises ScriptFault."""
    data = script if isinstance(script, bytes) else script.encode("utf-8", "surrogatepass")
    return _Parser(tokens(decode(data, limits)), limits).read_script()


class _Parser:
    def __init__(self, stream: Iterator[Token], limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._now = next(stream)

    def read_script(self) -> tuple[Command, ...]:
        commands = self._read_commands(0)
        if self._now.kind is not Kind.END:
            raise self._unexpected("a command")
        return commands

    def _advance(self) -> Token:
        token = self._now
        if token.kind is not Kind.END:
            self._now = next(self._stream)
        return token

    def _is_mark(self, text: str) -> bool:
        return self._now.kind is Kind.MARK and self._now.text == text

    def _unexpected(self, wanted: str) -> ScriptFault:
        return ScriptFault(self._now.place, f"{wanted} is expected, but here is {self._now}")

    def _take(self, mark: str, wanted: str) -> None:
        if not self._is_mark(mark):
            raise self._unexpected(wanted)
        self._advance()

    def _read_commands(self, depth: int) -> tuple[Command, ...]:
        if depth > self._limits.max_nesting:
            raise ScriptFault(self._now.place, f"blocks are nested deeper than {self._limits.max_nesting}")
        commands: list[Command] = []
        while self._now.kind is Kind.WORD:
            commands.append(self._read_command(depth))
        return tuple(commands)

    def _read_command(self, depth: int) -> Command:
        name = self._advance()
        arguments, tests = self._read_arguments(depth)
        if self._is_mark("{"):
            self._advance()
            block = self._read_commands(depth + 1)
            self._take("}", "a command or “}”")
            return Command(name.text, arguments, tests, block, name.place)
        self._take(";", f"“;” after the command “{name.text}”" if arguments or tests else f"an argument or “;” after “{name.text}”")
        return Command(name.text, arguments, tests, None, name.place)

    def _read_test(self, depth: int) -> Test:
        if self._now.kind is not Kind.WORD:
            raise self._unexpected("a test")
        if depth > self._limits.max_nesting:
            raise ScriptFault(self._now.place, f"tests are nested deeper than {self._limits.max_nesting}")
        name = self._advance()
        arguments, tests = self._read_arguments(depth)
        return Test(name.text, arguments, tests, name.place)

    def _read_arguments(self, depth: int) -> tuple[tuple[Argument, ...], tuple[Test, ...]]:
        arguments: list[Argument] = []
        while (argument := self._read_argument()) is not None:
            arguments.append(argument)
        if self._now.kind is Kind.WORD:
            return tuple(arguments), (self._read_test(depth + 1),)
        if not self._is_mark("("):
            return tuple(arguments), ()
        self._advance()
        tests = [self._read_test(depth + 1)]
        while self._is_mark(","):
            self._advance()
            tests.append(self._read_test(depth + 1))
        self._take(")", "“,” or “)” after a test")
        return tuple(arguments), tuple(tests)

    def _read_argument(self) -> Argument | None:
        token = self._now
        if token.kind is Kind.STRING:
            self._advance()
            return Strings((Text(token.text, token.place),), token.place, is_list=False)
        if token.kind is Kind.NUMBER:
            self._advance()
            return Number(token.value, token.place)
        if token.kind is Kind.TAG:
            self._advance()
            return Tag(token.text, token.place)
        return self._read_list() if self._is_mark("[") else None

    def _read_list(self) -> Strings:
        opened = self._advance()
        items: list[Text] = []
        while True:
            if self._now.kind is not Kind.STRING:
                raise self._unexpected("a string")
            token = self._advance()
            items.append(Text(token.text, token.place))
            if not self._is_mark(","):
                break
            self._advance()
        self._take("]", "“,” or “]” after a string")
        return Strings(tuple(items), opened.place, is_list=True)
