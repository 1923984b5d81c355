"""Where the message goes: `keep`, `fileinto`, `redirect`, `discard`, `reject`, `ereject`.

RFC 5228 §4, RFC 3894 (`:copy`), RFC 5490 §3.2 (`:create`), RFC 8579 §4 (`:specialuse`), RFC 5429.
"""

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax

from ..actions import Discard, FileInto, Keep, Redirect, Reject
from ..compiler import CommandWord, Compiler
from ..faults import RunFault, ScriptFault
from ..run import Run, Signal, Step
from ..signatures import Bound, Kind, Signature, TagRule
from ..strings import String
from .flags import read_flags

MAX_FOLDER = 1_000


def check_address(string: String) -> None:
    """A constant that is no address is wrong in the script, not in the message."""
    if string.constant is not None:
        try:
            MailAddress.parse(string.constant)
        except BadSyntax as error:
            raise ScriptFault(string.place, f"“{string.constant[:80]}” is not an address: {error.public}") from error


def read_address(string: String, run: Run) -> str:
    text = string.get(run)
    try:
        return str(MailAddress.parse(text))
    except BadSyntax as error:
        raise RunFault(f"“{text[:80]}” is not an address: {error.public}") from error


def _keep(compiler: Compiler, bound: Bound) -> Step:
    flags, at = read_flags(compiler, bound), compiler.at(bound.place)

    def step(run: Run) -> Signal | None:
        _deposit(run, Keep(at=at, flags=flags(run), header=run.header))
        return None

    return step


def _fileinto(compiler: Compiler, bound: Bound) -> Step:
    folder, flags, at = compiler.string(bound.strings(0)), read_flags(compiler, bound), compiler.at(bound.place)
    if folder.constant is not None and not folder.constant.strip():
        raise ScriptFault(folder.place, "a folder name is expected")
    use_written = bound.tag_strings("specialuse")
    use = compiler.string(use_written) if use_written is not None else None
    create, keeps = bound.has("create"), bound.has("copy")

    def step(run: Run) -> Signal | None:
        name = folder.get(run)
        if not name.strip() or len(name) > MAX_FOLDER or any(ord(char) < 32 for char in name):
            raise RunFault(f"“{name[:60]}” is not the name of a folder")
        action = FileInto(at=at, folder=name, create=create, special_use=use.get(run) if use else "", flags=flags(run), header=run.header)
        _deposit(run, action, cancels_keep=not keeps)
        return None

    return step


def _deposit(run: Run, action: Keep | FileInto, *, cancels_keep: bool = True) -> None:
    """Each folder gets the message once (RFC 5228 §2.10.3); the flags of the later time count."""
    for index, other in enumerate(run.actions):
        if isinstance(other, Keep | FileInto) and _target(other) == _target(action):
            run.actions[index] = action
            run.cancels_keep |= cancels_keep
            return
    run.act(action, cancels_keep=cancels_keep)


def _target(action: Keep | FileInto) -> tuple[str, str]:
    return ("", "") if isinstance(action, Keep) else (action.folder, action.special_use)


def _redirect(compiler: Compiler, bound: Bound) -> Step:
    address, at = compiler.string(bound.strings(0)), compiler.at(bound.place)
    check_address(address)
    cancels_keep = not bound.has("copy")

    def step(run: Run) -> Signal | None:
        run.act(Redirect(at=at, address=read_address(address, run), header=run.header), cancels_keep=cancels_keep)
        return None

    return step


def _discard(compiler: Compiler, bound: Bound) -> Step:
    at = compiler.at(bound.place)

    def step(run: Run) -> Signal | None:
        run.act(Discard(at=at), cancels_keep=True)
        return None

    return step


def _reject(compiler: Compiler, bound: Bound) -> Step:
    reason, at, is_envelope = compiler.string(bound.strings(0)), compiler.at(bound.place), bound.name == "ereject"

    def step(run: Run) -> Signal | None:
        run.act(Reject(at=at, reason=reason.get(run), is_envelope=is_envelope), cancels_keep=True)
        return None

    return step


_COPY = {"copy": TagRule(None, "copy", "copy")}
_FLAGS = {"flags": TagRule(Kind.STRINGS, "flags", "imap4flags")}
_FILEINTO = {"create": TagRule(None, "create", "mailbox"), "specialuse": TagRule(Kind.STRING, "special use", "special-use")}
COMMANDS: dict[str, CommandWord] = {
    "keep": CommandWord(Signature(tags=_FLAGS), _keep),
    "fileinto": CommandWord(Signature(tags=_COPY | _FLAGS | _FILEINTO, values=(Kind.STRING,)), _fileinto, "fileinto"),
    "redirect": CommandWord(Signature(tags=_COPY, values=(Kind.STRING,)), _redirect),
    "discard": CommandWord(Signature(), _discard),
    "reject": CommandWord(Signature(values=(Kind.STRING,)), _reject, "reject"),
    "ereject": CommandWord(Signature(values=(Kind.STRING,)), _reject, "ereject"),
}
