"""Errors that name the field they are about, so that a form or an API can put them beside it."""

from mailcore.kernel.errors import BadSyntax, Conflict, LimitReached


class BadField(BadSyntax):
    def __init__(self, field: str, public: str, detail: str = "") -> None:
        super().__init__(public, detail)
        self.field = field


class AlreadyExists(Conflict):
    """The name is taken by the object `existing_id`; None where what holds it is of another kind."""

    def __init__(self, field: str, public: str, existing_id: int | None = None) -> None:
        super().__init__(public)
        self.field = field
        self.existing_id = existing_id


class Loop(Conflict):
    """The change would send mail in a circle."""

    def __init__(self, field: str, public: str) -> None:
        super().__init__(public)
        self.field = field


class LevelLimit(LimitReached):
    """A limit of the domain or of the server; `public` says which."""

    def __init__(self, field: str, public: str) -> None:
        super().__init__(public)
        self.field = field
