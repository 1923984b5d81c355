"""A command that cannot be taken as written, with the reply code the RFC gives it."""

from mailcore.kernel.errors import BadSyntax


class CommandFault(BadSyntax):
    """Raised by parsers; carries its own code because the RFCs tell these cases apart."""

    def __init__(self, public: str, *, code: int = 501, enhanced: str = "5.5.4") -> None:
        super().__init__(public)
        self.code = code
        self.enhanced = enhanced
