"""What the IMAP server claims, each with its standard and its proof: `python -m mailcore.imap.capabilities > docs/imap.md`.

Derived from the table of commands. `NOTES` says of each claim what the table cannot know; a test
holds the two and the page together.
"""

from typing import NamedTuple

from .session.login import MECHANISMS
from .session.table import CLAIMS, REV2_PARTS, TABLE


class Note(NamedTuple):
    rfcs: tuple[int, ...]
    what: str
    proof: str
    """Transcripts (`x.txt`) and tests, parted by spaces."""


NOTES: dict[str, Note] = {
    "ACL": Note((4314,), "Rights on folders, for people and anyone", "acl.txt"),
    "APPENDLIMIT": Note((7889,), "The largest message that is taken; in STATUS too", "multiappend.txt"),
    "AUTH=LOGIN": Note((), "The old mechanism, for programs that know no other", "login.txt"),
    "AUTH=OAUTHBEARER": Note((7628,), "An app password as a bearer token", "bearer.txt"),
    "AUTH=XOAUTH2": Note((), "The same, in the form some programs know only", "bearer.txt"),
    "AUTH=SCRAM-SHA-256": Note((5802, 7677), "A proof in place of the password, both ways", "test_scram.py test_scram_login.py"),
    "AUTH=SCRAM-SHA-256-PLUS": Note((5802, 7677, 5929), "The same, bound to the server's certificate", "test_scram.py test_scram_login.py"),
    "AUTH=PLAIN": Note((4616,), "Name and password in one message", "login.txt"),
    "BINARY": Note((3516,), "Parts without their transfer encoding; messages with any octet", "test_binary.py"),
    "CATENATE": Note((4469, 5092), "A message put together from text and from parts that are here", "catenate.txt"),
    "CHILDREN": Note((3348,), "Whether a folder has folders in it", "folders.txt listing.txt"),
    "COMPRESS=DEFLATE": Note((4978,), "The connection compressed, inflated in bounded pieces", "../servers/test_imap_extensions.py"),
    "CONDSTORE": Note((7162,), "Modseqs: what changed since, and changes only where nobody else made one", "condstore.txt"),
    "CONTEXT=SEARCH": Note((5267,), "Searches that stay up to date, and pages of them", "context.txt test_contexts.py"),
    "CONTEXT=SORT": Note((5267,), "Sorted searches that stay up to date", "context.txt test_contexts.py"),
    "CREATE-SPECIAL-USE": Note((6154,), "A folder made for a use", "listing.txt"),
    "ENABLE": Note((5161,), "Extensions switched on by the client", "condstore.txt rev2.txt"),
    "ESEARCH": Note((4731,), "Search results as sets, ends and counts", "search.txt"),
    "ESORT": Note((5267,), "Sorted results as sets, ends and counts", "sort.txt"),
    "I18NLEVEL=1": Note((5255, 5051), "Search, sort and conversations over all of Unicode", "test_comparator.py"),
    "ID": Note((2971,), "Who speaks to whom", "test_session.py"),
    "IDLE": Note((2177,), "News without asking", "idle.txt test_interleaving.py"),
    "IMAP4rev1": Note((3501,), "The protocol as most programs speak it", "select.txt fetch.txt store.txt search.txt copy.txt"),
    "IMAP4rev2": Note((9051,), "The protocol of today, by ENABLE", "rev2.txt"),
    "INPROGRESS": Note((9585,), "Signs of life from long commands", "../servers/test_imap_extensions.py"),
    "LIST-EXTENDED": Note((5258,), "Folders by selection, with the parents of what is selected", "listing.txt"),
    "LIST-MYRIGHTS": Note((8440,), "Rights in the same answer as the list", "acl.txt"),
    "LIST-STATUS": Note((5819,), "Counters in the same answer as the list", "listing.txt"),
    "LITERAL+": Note((7888,), "Literals sent without waiting", "append.txt test_framing.py"),
    "LOGINDISABLED": Note((3501,), "No password in clear over a network", "login.txt test_login.py"),
    "METADATA": Note((5464,), "Notes on folders and on the mailbox", "metadata.txt test_metadata.py"),
    "MOVE": Note((6851,), "Messages moved in one step", "copy.txt test_real_store.py"),
    "MULTIAPPEND": Note((3502,), "Several messages kept together or not at all", "multiappend.txt"),
    "MULTISEARCH": Note((7377,), "One search over many folders", "esearch.txt"),
    "NAMESPACE": Note((2342,), "Where one's own and other people's folders are", "test_session.py"),
    "NOTIFY": Note((5465,), "News of other folders", "notify.txt ../servers/test_imap_extensions.py"),
    "OBJECTID": Note((8474,), "Ids of folders, contents and conversations that stay", "objectid.txt"),
    "PARTIAL": Note((9394,), "Results by the page", "search.txt sort.txt"),
    "PREVIEW": Note((8970,), "The first words of a message", "objectid.txt"),
    "QRESYNC": Note((7162,), "All that was missed, in the answer to SELECT", "qresync.txt test_resync_interleaving.py"),
    "QUOTA": Note((9208,), "What a mailbox holds and may hold", "quota.txt"),
    "REPLACE": Note((8508,), "A message put in place of another in one step", "multiappend.txt"),
    "RIGHTS=": Note((4314,), "Rights beyond those of the old ACL", "acl.txt"),
    "SASL-IR": Note((4959,), "The first answer in the command", "login.txt"),
    "SAVEDATE": Note((8514,), "When a message came into its folder", "objectid.txt"),
    "SEARCH=FUZZY": Note((6203,), "Every word wherever it stands, with how well a message fits, best first", "fuzzy.txt"),
    "SEARCHRES": Note((5182,), "The last result, by `$`", "sort.txt"),
    "SORT": Note((5256, 5957), "Messages in an order, by the server", "sort.txt"),
    "SPECIAL-USE": Note((6154,), "Which folder is for drafts, sent mail, junk", "listing.txt"),
    "STARTTLS": Note((2595, 3501), "TLS begun in mid-stream", "login.txt"),
    "STATUS=SIZE": Note((8438,), "What a folder weighs", "listing.txt"),
    "THREAD": Note((5256,), "Messages as conversations", "sort.txt test_trees.py"),
    "UIDONLY": Note((9586,), "Messages named by UID alone", "uidonly.txt test_resync_interleaving.py"),
    "UIDPLUS": Note((4315,), "UIDs of what was just kept; expunges by UID", "append.txt copy.txt"),
    "UNAUTHENTICATE": Note((8437,), "Another login on the same connection", "../servers/test_imap_extensions.py"),
    "UNSELECT": Note((3691,), "A folder left without expunging", "select.txt"),
    "UTF8=ACCEPT": Note((6855,), "Names and headers in UTF-8", "utf8.txt"),
    "WITHIN": Note((5032,), "Messages by age in seconds", "sort.txt"),
}


def find_note(claim: str) -> Note:
    """By name, or by what stands before its "="; KeyError where a claim has no note."""
    head, equals, _ = claim.partition("=")
    return NOTES[claim] if claim in NOTES else NOTES[head if head in NOTES else head + equals]


def list_claims() -> dict[str, list[str]]:
    """Every claim the server can make, with the commands that bring it."""
    claims: dict[str, list[str]] = {claim.decode("ascii"): [] for claim in CLAIMS}
    for row in TABLE.values():
        for claim in row.capabilities:
            claims[claim.decode("ascii")].append(row.verb.decode("ascii"))
    claims |= {"STARTTLS": ["STARTTLS"], "LOGINDISABLED": ["LOGIN"], "APPENDLIMIT": ["APPEND", "STATUS"]}
    claims |= {f"AUTH={mechanism.decode('ascii')}": ["AUTHENTICATE"] for mechanism in MECHANISMS}
    if frozenset(CLAIMS) >= REV2_PARTS:
        claims["IMAP4rev2"] = ["ENABLE"]
    return dict(sorted(claims.items(), key=lambda item: item[0].upper()))


def describe() -> str:
    lines = [
        "# What the IMAP server can do\n",
        "Made by `python -m mailcore.imap.capabilities` from the table of commands. `CAPABILITY` lists these where they apply:",
        "`STARTTLS`, `LOGINDISABLED` and the mechanisms before the login only. A proof `x.txt` is a transcript in",
        "`tests/transcripts/imap`, another one a file in `tests/imap`.\n",
        "The SCRAM mechanisms are offered once every login that a mail program can use has a key for them. A key is made when a",
        "password or app password is set, and at the next login with one that came as a hash from elsewhere. The server looks",
        "again every few minutes.\n",
        "OAUTHBEARER and XOAUTH2 take what PLAIN takes as the token, best an app password; POP3, ManageSieve and submission take it too.\n",
        "| claim | command | standard | what for | proof |",
        "|---|---|---|---|---|",
    ]
    for claim, verbs in list_claims().items():
        note = find_note(claim)
        standards = ", ".join(f"RFC {number}" for number in note.rfcs)
        proof = ", ".join(f"`{name}`" for name in note.proof.split())
        lines.append(f"| `{claim}` | {', '.join(verbs)} | {standards} | {note.what} | {proof} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(describe(), end="")
