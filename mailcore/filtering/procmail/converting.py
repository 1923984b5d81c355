"""Recipes as a Sieve script. A recipe that cannot be carried over whole is left out, and stands in the report with its reason."""

import re
from dataclasses import dataclass, field

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax
from mailcore.sieve.faults import ScriptFault
from mailcore.sieve.script import compile_script
from mailcore.sieve.writing import write_string, write_strings

from .conditions import NotCarried, write_condition
from .reading import Assignment, Item, Recipe, Stray, expand, read

_HARMLESS = frozenset(
    (
        "PATH", "SHELL", "SHELLFLAGS", "SHELLMETAS", "VERBOSE", "LOGFILE", "LOGABSTRACT", "LOG", "UMASK", "LOCKFILE", "LOCKEXT",
        "LOCKSLEEP", "LOCKTIMEOUT", "TIMEOUT", "COMSAT", "SENDMAIL", "SENDMAILFLAGS", "FORMAIL", "LINEBUF", "TRAP", "EXITCODE",
        "NORESRETRY", "SUSPEND", "DROPPRIVS", "MAILDIR", "DEFAULT", "ORGMAIL", "HOME", "LOGNAME", "HOST", "PMDIR", "NL", "DELIVERED",
    )
)  # fmt: skip
_DUPLICATE = re.compile(r"\|\s*(?:\S*/)?\$?(?:formail|FORMAIL)\s+-D\b")
_ADD_HEADER = re.compile(r"\|\s*(?:\S*/)?\$?(?:formail|FORMAIL)\s+-[aAIi]\s*(['\"])([!-9;-~]+):\s*([^'\"]*)\1\s*\Z")
_FORWARD = re.compile(r"\|\s*(?:\S*/)?\$?(?:sendmail|SENDMAIL)\s+(?:-oi|-i|-t|-f\s*\S+|\$\w+|\s)*\s*([^\s-]\S*@\S+)\s*\Z")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the owner should know of the conversion."""

    line: int
    text: str
    is_lost: bool = True
    """False: carried over, though not quite the same."""


@dataclass(frozen=True, slots=True)
class Conversion:
    script: str
    carried: int
    """Recipes that are in the script."""
    remarks: tuple[Remark, ...]


def convert(text: str, *, home: str = "", user: str = "") -> Conversion:
    """Never raises. The script compiles, whatever was given."""
    converter = _Converter({"HOME": home, "LOGNAME": user, "MAILDIR": f"{home}/Mail", "DEFAULT": "INBOX", "ORGMAIL": "INBOX", "NL": "\n"})
    lines = converter.block(read(text))
    head = [f"require {write_strings(sorted(converter.needs))};", ""] if converter.needs else []
    script = "\n".join(["# Made from a .procmailrc.", *head, *_indent(lines)]) + "\n"
    return Conversion(script, converter.carried, tuple(sorted(converter.remarks, key=lambda one: one.line)))


@dataclass(slots=True)
class _Converter:
    variables: dict[str, str]
    needs: set[str] = field(default_factory=set)
    remarks: list[Remark] = field(default_factory=list)
    carried: int = 0
    flags_set: int = 0

    def block(self, items: "list[Item]") -> list[str]:
        lines: list[str] = []
        previous: Recipe | None = None
        was_carried = True
        for index, item in enumerate(items):
            if isinstance(item, Assignment):
                self._assign(item)
            elif isinstance(item, Stray):
                self.remarks.append(Remark(item.number, f"not understood: {item.text[:200]}"))
            else:
                following = items[index + 1] if index + 1 < len(items) else None
                made = self._recipe(item, previous, was_carried, following)
                was_carried = made is not None
                lines += made if made is not None else [f"# line {item.number} of the .procmailrc is left out: see the report"]
                previous = item
        return lines

    def _assign(self, item: Assignment) -> None:
        value, unknown = expand(item.value, self.variables)
        if item.name in ("INCLUDERC", "SWITCHRC"):
            self.remarks.append(Remark(item.number, f"another file of recipes is read: {value or item.value}; convert it on its own"))
        elif "`" in item.value or unknown:
            self.variables.pop(item.name, None)
            if item.name not in _HARMLESS:
                self.remarks.append(Remark(item.number, f"the value of {item.name} is known only when it runs"))
        else:
            self.variables[item.name] = value

    def _recipe(self, recipe: Recipe, previous: Recipe | None, was_carried: bool, following: "Item | None") -> list[str] | None:
        needs, carried, count = set(self.needs), self.carried, len(self.remarks)
        try:
            lines = self._write(recipe, previous, was_carried, following)
            _check(lines, self.needs)
        except (NotCarried, ScriptFault) as reason:
            self.needs, self.carried = needs, carried
            del self.remarks[count:]
            text = reason.text if isinstance(reason, ScriptFault) else str(reason)
            self.remarks.append(Remark(recipe.number, f"recipe left out: {text}"))
            return None
        return lines

    def _write(self, recipe: Recipe, previous: Recipe | None, was_carried: bool, following: "Item | None") -> list[str]:
        tests = [write_condition(self._expand_condition(one.text), recipe.flags, self.needs) for one in recipe.conditions]
        tests = [*self._chain(recipe, previous, was_carried), *tests]
        body = self._body(recipe)
        lines: list[str] = []
        if _is_asked_for(following):
            self.needs.add("variables")
            if not _is_chained(recipe):
                # One variable for a whole chain, so that of several E recipes one at most is carried out.
                self.flags_set += 1
            body = [f'set "matched{self.flags_set}" "yes";', *body]
        self.carried += recipe.block is None
        if not tests:
            return [*lines, *body]
        joined = tests[0] if len(tests) == 1 else f"allof ({', '.join(tests)})"
        return [*lines, f"if {joined} {{", *(f"    {line}" for line in body), "}"]

    def _chain(self, recipe: Recipe, previous: Recipe | None, was_carried: bool) -> list[str]:
        """A, a, E and e ask what became of the recipe before."""
        asked = [flag for flag in recipe.flags if flag in "AaEe"]
        if not asked:
            return []
        if previous is None or not was_carried:
            raise NotCarried("it depends on a recipe before it that was left out")
        test = f'string "${{matched{self.flags_set}}}" "yes"'
        return [f"not {test}" if asked[0] in "Ee" else test]

    def _expand_condition(self, text: str) -> str:
        if not text.startswith("$"):
            return text
        value, unknown = expand(text[1:].strip(), self.variables)
        if unknown:
            raise NotCarried(f"the variable {unknown[0]} is known only when it runs")
        return value

    # -- actions ------------------------------------------------------------------------------

    def _body(self, recipe: Recipe) -> list[str]:
        if recipe.block is not None:
            if "c" in recipe.flags:
                raise NotCarried("a block that works on a copy")
            return self.block(list(recipe.block)) or ["# nothing"]
        action = recipe.action.text if recipe.action is not None else ""
        is_copy = "c" in recipe.flags
        if action.startswith("!"):
            return self._forward(action[1:], is_copy)
        if action.startswith("|"):
            return self._pipe(recipe, action, is_copy)
        return self._store(action, is_copy)

    def _forward(self, written: str, is_copy: bool) -> list[str]:
        value, unknown = expand(written, self.variables)
        addresses = [one for one in value.replace(",", " ").split() if not one.startswith("-")]
        if unknown or not addresses:
            raise NotCarried("it sends on to an address known only when it runs")
        for address in addresses:
            try:
                MailAddress.parse(address)
            except BadSyntax as error:
                raise NotCarried(f"{address} is not a full address") from error
        if is_copy:
            self.needs.add("copy")
        lines = [f"redirect{' :copy' if is_copy else ''} {write_string(address)};" for address in addresses]
        return lines if is_copy else [*lines, "stop;"]

    def _pipe(self, recipe: Recipe, action: str, is_copy: bool) -> list[str]:
        if _DUPLICATE.match(action):
            self.needs.add("duplicate")
            remark = "duplicates are known by Message-ID for 7 days, not by the size of a cache"
            self.remarks.append(Remark(recipe.number, remark, is_lost=False))
            return ["if duplicate {", "    discard;", "    stop;", "}"]
        added = _ADD_HEADER.match(action)
        if added is not None and "f" in recipe.flags:
            self.needs.add("editheader")
            return [f"addheader {write_string(added[2])} {write_string(added[3])};"]
        sent = _FORWARD.match(action)
        if sent is not None:
            return self._forward(sent[1], is_copy)
        if "vacation" in action or re.search(r"formail.*\s-r", action):
            raise NotCarried("an automatic answer: write it as an away message instead")
        if re.search(r"spamassassin|spamc|bogofilter|rspamc|clamscan|clamdscan", action):
            raise NotCarried("a scanner: messages are checked before filters run, use the condition “spam” instead")
        raise NotCarried(f"a program is run: {action[1:].strip()[:100]}")

    def _store(self, action: str, is_copy: bool) -> list[str]:
        value, unknown = expand(action.strip().strip("\"'"), self.variables)
        if unknown:
            raise NotCarried(f"a folder named by {unknown[0]}, which is known only when it runs")
        if "/dev/null" in value.split():
            return ["# a copy thrown away is nothing"] if is_copy else ["discard;", "stop;"]
        if len(value.split()) > 1:
            raise NotCarried("several folders in one action")
        folder = self._name_folder(value)
        copy = " :copy" if is_copy else ""
        if is_copy:
            self.needs.add("copy")
        if folder == "INBOX" and not is_copy:
            return ["keep;", "stop;"]
        self.needs |= {"fileinto", "mailbox"}
        return [f"fileinto{copy} :create {write_string(folder)};", *([] if is_copy else ["stop;"])]

    def _name_folder(self, path: str) -> str:
        for variable in ("MAILDIR", "HOME"):
            root = self.variables.get(variable, "")
            if root and path.startswith(f"{root}/"):
                path = path[len(root) + 1 :]
                break
        path = re.sub(r"^(?:~|\.)/", "", path).removesuffix("/.").strip("/")
        path = re.sub(r"^(?:Maildir|Mail|mail)/", "", path)
        if path in ("INBOX", "Maildir", "inbox", "mbox") or path.startswith(("var/mail/", "var/spool/mail/")):
            return "INBOX"
        # Maildir++ writes a level as a dot at the start of the name.
        path = path[1:].replace(".", "/") if path.startswith(".") else path
        if not path or any(level in ("", ".", "..") for level in path.split("/")):
            raise NotCarried(f"{path or 'an empty name'} is not the name of a folder")
        return path


def _is_asked_for(following: "Item | None") -> bool:
    return isinstance(following, Recipe) and _is_chained(following)


def _is_chained(recipe: Recipe) -> bool:
    return any(flag in "AaEe" for flag in recipe.flags)


def _indent(lines: list[str]) -> list[str]:
    out: list[str] = []
    depth = 0
    for line in map(str.strip, lines):
        depth -= line.startswith("}")
        out.append("    " * depth + line)
        depth += line.endswith("{") and not line.startswith("#")
    return out


def _check(lines: list[str], needs: set[str]) -> None:
    """A recipe that would spoil the script is left out of it."""
    compile_script("\n".join([f"require {write_strings(sorted(needs))};" if needs else "", *lines]))
