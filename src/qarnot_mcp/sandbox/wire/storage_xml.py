"""The documents of the storage: XML as S3 writes it, and its errors."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

XML_TYPE = "application/xml"
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
Element = tuple[str, "str | int | Iterable[Element]"]
"""A name with a text, or with elements inside."""


class StorageError(Exception):
    """A response of the storage other than success: its status code and what S3 calls it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message


def xml_document(root: str, elements: Iterable[Element]) -> bytes:
    """Return a document of one root; texts are escaped."""
    namespace = "" if root == "Error" else f' xmlns="{_NAMESPACE}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{namespace}>{_inner(elements)}</{root}>'.encode()


def error_document(error: StorageError, resource: str) -> bytes:
    """Return the document of an error."""
    return xml_document("Error", [("Code", error.code), ("Message", error.message), ("Resource", resource)])


def _inner(elements: Iterable[Element]) -> str:
    return "".join(
        f"<{name}>{escape(str(value)) if isinstance(value, str | int) else _inner(value)}</{name}>"
        for name, value in elements
    )
