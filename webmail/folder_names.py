"""Folder names within one segment of a path: "/" travels as "~1" and "~" as "~0", as in RFC 6901 §3.

A percent-encoded slash would be decoded by the server before the path is read.
"""


class FolderName:
    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return value.replace("~1", "/").replace("~0", "~")

    def to_url(self, value: str) -> str:
        return value.replace("~", "~0").replace("/", "~1")
