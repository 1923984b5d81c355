"""RFC 5256 §3 written down as the RFC says it, with an object a message: slow, and what the real one is held to."""

import re
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz

from mailcore.mime.collation import casemap
from mailcore.mime.headers import Headers
from mailcore.mime.subjects import split_subject

Tree = tuple[int, list["Tree"]]
_ID = re.compile(r"<[^<>\s]+>")


@dataclass(eq=False)
class Node:
    uid: int = 0
    date: int = 0
    subject: str = ""
    is_reply: bool = False
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    def key(self) -> tuple[int, int]:
        return (self.date, self.uid) if self.uid else self.children[0].key()


@dataclass(frozen=True)
class Letter:
    uid: int
    raw: bytes
    internaldate: int

    @property
    def headers(self) -> Headers:
        return Headers.parse(self.raw)

    @property
    def date(self) -> int:
        parsed = parsedate_tz(self.headers.get_text("date") or "")
        return int(mktime_tz(parsed)) if parsed else self.internaldate

    @property
    def ids(self) -> tuple[str, list[str]]:
        own = _ID.findall(self.headers.get_text("message-id") or "")
        refs = list(dict.fromkeys(_ID.findall(self.headers.get_text("references") or "")))
        return (own[0] if own else ""), refs or _ID.findall(self.headers.get_text("in-reply-to") or "")[:1]


def is_above(upper: Node | None, node: Node | None) -> bool:
    while node is not None:
        if node is upper:
            return True
        node = node.parent
    return False


def unlink(node: Node) -> None:
    if node.parent is not None:
        node.parent.children.remove(node)
        node.parent = None


def put_below(parent: Node, node: Node) -> None:
    if not is_above(node, parent):
        node.parent = parent
        parent.children.append(node)


def link(letters: list[Letter]) -> list[Node]:
    table: dict[str, Node] = {}
    nodes: list[Node] = []
    for letter in letters:
        base, is_reply = split_subject(letter.headers.get("subject") or "")
        nodes.append(Node(letter.uid, letter.date, casemap(base), is_reply))
        own = letter.ids[0]
        if own and own not in table:
            table[own] = nodes[-1]
    everyone = list(nodes)
    for letter, node in zip(letters, nodes, strict=True):
        before: Node | None = None
        for one in letter.ids[1]:
            if one not in table:
                table[one] = Node()
                everyone.append(table[one])
            here = table[one]
            if before is not None and here.parent is None:
                put_below(before, here)
            before = here
        if before is None or before is not node.parent:
            unlink(node)
            if before is not None:
                put_below(before, node)
    return [node for node in everyone if node.parent is None]


def prune(nodes: list[Node], *, at_root: bool) -> list[Node]:
    kept: list[Node] = []
    for node in nodes:
        node.children = prune(node.children, at_root=False)
        if node.uid or (at_root and len(node.children) > 1):
            kept.append(node)
        else:
            kept += node.children
    return kept


def sort(nodes: list[Node]) -> None:
    for node in nodes:
        sort(node.children)
    nodes.sort(key=Node.key)


def join_subjects(roots: list[Node]) -> list[Node]:
    def first(node: Node) -> Node:
        return node if node.uid else node.children[0]

    table: dict[str, Node] = {}
    for root in roots:
        subject = first(root).subject
        held = table.get(subject)
        if subject and (held is None or (held.uid and (not root.uid or (held.is_reply and not root.is_reply)))):
            table[subject] = root
    result = list(roots)
    for root in roots:
        subject = first(root).subject
        held = table.get(subject)
        if held is None or held is root:
            continue
        result.remove(root)
        if not held.uid:
            held.children += [root] if root.uid else root.children
        elif root.is_reply and not held.is_reply:
            held.children.append(root)
        else:
            table[subject] = Node(children=[held, root])
            result[result.index(held)] = table[subject]
    return result


def write(nodes: list[Node]) -> list[Tree]:
    return [(node.uid, write(node.children)) for node in nodes]


def everyone_below(node: Node) -> list[Node]:
    return [node, *(one for child in node.children for one in everyone_below(child))]


def thread(how: str, letters: list[Letter]) -> list[Tree]:
    if how == "orderedsubject":
        groups: dict[str, list[Letter]] = {}
        for letter in sorted(letters, key=lambda one: (one.date, one.uid)):
            groups.setdefault(casemap(split_subject(letter.headers.get("subject") or "")[0]), []).append(letter)
        return [(group[0].uid, [(one.uid, []) for one in group[1:]]) for group in groups.values()]
    roots = prune(link(letters), at_root=True)
    sort(roots)
    if how == "references":
        roots = join_subjects(roots)
        sort(roots)
        return write(roots)
    arrivals = {letter.uid: (letter.internaldate, letter.uid) for letter in letters}
    roots.sort(key=lambda root: max(arrivals[node.uid] for node in everyone_below(root) if node.uid))
    return write(roots)
