"""Several sessions on one folder: what each was told, applied to its old picture, is the truth."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.kernel import flags

from .builders import Client, filled, message

_LINE = re.compile(rb"\* (\d+) (EXISTS|EXPUNGE|FETCH \((?:UID (\d+) )?(?:FLAGS \(([^)]*)\))?)")


class Model:
    """A mail program's picture of the folder, fed by untagged data alone: a list of [uid or None, flags or None]."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.messages: list[list[object]] = []

    def run(self, command: bytes) -> bytes:
        answer = self.client.run(command)
        assert b" OK " in answer or b"EXPUNGEISSUED" in answer, answer
        self.take(answer, may_shrink=not command.startswith((b"FETCH", b"STORE", b"SEARCH")))
        return answer

    def take(self, data: bytes, *, may_shrink: bool = True) -> None:
        for number, kind, uid, names in _LINE.findall(data):
            place = int(number) - 1
            if kind == b"EXISTS":
                assert place + 1 >= len(self.messages)
                self.messages += [[None, None] for _ in range(place + 1 - len(self.messages))]
            elif kind == b"EXPUNGE":
                assert may_shrink
                del self.messages[place]
            else:
                if uid:
                    assert self.messages[place][0] in (None, int(uid))
                    self.messages[place][0] = int(uid)
                if b"FLAGS" in kind:
                    self.messages[place][1] = frozenset(names.split()) - {b"\\Recent"}

    def learn_new(self) -> None:
        unknown = [place + 1 for place, entry in enumerate(self.messages) if None in entry]
        if unknown:
            self.run(b"FETCH %b (UID FLAGS)" % b",".join(b"%d" % number for number in unknown))


STEP = st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 1_000))


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, max_size=25))
def test_what_was_told_adds_up_to_the_truth(steps: list[tuple[int, int, int]]) -> None:
    store = filled(4)
    models = [Model(Client(store)) for _ in range(3)]
    for model in models:
        model.run(b"SELECT INBOX")
        model.learn_new()
    for who, what, number in steps:
        act(models[who], what, number)
        models[who].learn_new()
    fresh = Model(Client(store))
    fresh.run(b"EXAMINE INBOX")
    fresh.learn_new()
    for model in models:
        model.run(b"NOOP")
        model.learn_new()
        assert model.messages == fresh.messages


def act(model: Model, what: int, number: int) -> None:
    count = len(model.messages)
    one = number % count + 1 if count else 0
    if what == 0:
        store = model.client.store
        store.append("INBOX", message(), flags=number % 4, keywords=frozenset(), internaldate=None)
    elif what == 1:
        model.run(b"NOOP")
    elif what == 2:
        model.run(b"EXPUNGE")
    elif what == 3:
        model.take(model.client.run(b"IDLE") + model.client.session.poll() + model.client.send(b"DONE\r\n"))
    elif what == 4 and one:
        model.run(b"STORE %d +FLAGS (\\Deleted)" % one)
    elif what == 5 and one:
        model.run(b"STORE %d FLAGS (\\Flagged k%d)" % (one, number % 3))
    elif what == 6 and one:
        model.run(b"FETCH %d:* (FLAGS BODY[])" % one)
    elif what == 7 and one:
        model.run(b"UID MOVE %d INBOX" % model.messages[one - 1][0])
    elif what == 8 and one:
        model.run(b"COPY %d INBOX" % one)
    elif what == 9:
        model.run(b"SEARCH UNSEEN")
        model.run(b"UID SEARCH %d" % flags.SEEN)


def test_many_expunges_at_once_are_told_in_an_order_that_holds() -> None:
    store = filled(300)
    model = Model(Client(store))
    model.run(b"SELECT INBOX")
    model.learn_new()
    store.expunge(store.folders["INBOX"].id, range(1, 300, 2), only_deleted=False)
    model.run(b"NOOP")
    assert [entry[0] for entry in model.messages] == list(range(2, 301, 2))


def test_the_arrays_are_shared_until_something_changes() -> None:
    client = Client(filled(3))
    client.ok(b"SELECT INBOX")
    view = client.session.selected
    shared = view.uids, view.flags
    client.ok(b"NOOP")
    assert (view.uids, view.flags) == shared and view.uids is shared[0]
    client.ok(b"STORE 1 +FLAGS.SILENT \\Seen")
    assert shared[1][0] == 0 and view.flags[0] == flags.SEEN
