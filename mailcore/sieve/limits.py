"""What one script and one run of it may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    max_script_bytes: int = 262_144
    max_nesting: int = 32
    """Blocks in blocks, and tests in tests."""
    max_steps: int = 100_000
    """Commands, tests and comparisons of one run; what reads much text costs more than one."""
    max_actions: int = 64
    max_redirects: int = 8
    max_variable: int = 16_384
    """Characters of one variable; RFC 5229 §3 asks for at least 4,000. What is longer is cut."""
    max_variables: int = 512
    max_include_depth: int = 10
    max_includes: int = 64
    max_regex_states: int = 4_096
    max_regex_text: int = 65_536
    """Characters of a value that a regular expression looks at."""
    max_body_text: int = 1_000_000


DEFAULT = Limits()
