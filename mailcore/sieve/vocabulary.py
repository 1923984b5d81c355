"""Every word of the language in one table, gathered from the modules that know what they mean."""

from .commands import answers, control, deposit, editing, flags, parts, variables
from .compiler import Vocabulary
from .conditions import bodies, dates, headers, surroundings

VOCABULARY = Vocabulary(
    commands=control.COMMANDS
    | deposit.COMMANDS
    | answers.COMMANDS
    | flags.COMMANDS
    | variables.COMMANDS
    | editing.COMMANDS
    | parts.COMMANDS,
    tests=headers.TESTS | bodies.TESTS | dates.TESTS | surroundings.TESTS | flags.TESTS | variables.TESTS,
)
