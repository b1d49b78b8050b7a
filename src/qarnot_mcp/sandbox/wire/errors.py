"""The errors of the storage, and those of the API in each of the shapes that it uses.

A  `{"message": ...}`                               a rule of the business: 400, 402, 403, 404
B  `{"error": {"message", "code"}, "data": {}}`     the key: 401
C  problem details with `errors` by field           a body that cannot be read: 400
D  `{"error": ...}`                                 the secrets manager: 404, 409
"""

import hashlib

from qarnot_mcp.sandbox.wire.formats import JsonObject, xml_document


class ApiError(Exception):
    """A response other than success: its status code, JSON document and content type."""

    def __init__(self, status: int, document: JsonObject, content_type: str = "application/json") -> None:
        super().__init__(status, document)
        self.status = status
        self.document = document
        self.content_type = content_type

    @property
    def message(self) -> str:
        """The message of shape A or C in one line."""
        if "message" in self.document:
            return str(self.document["message"])
        return "; ".join(f"{field}: {texts[0]}" for field, texts in self.document["errors"].items())


def api_error(status: int, message: str) -> ApiError:
    """Return an error of shape A: a rule of the business."""
    return ApiError(status, {"message": message})


def bad_key() -> ApiError:
    """Return an error of shape B: the key is not known, or not any more."""
    return ApiError(401, {"error": {"message": "Bad authentication token", "code": 401}, "data": {}})


def bad_body(field: str, message: str) -> ApiError:
    """Return an error of shape C: the body, or one field of it, cannot be read."""
    trace = hashlib.blake2b(f"{field}:{message}".encode(errors="replace"), digest_size=24).hexdigest()
    document = {
        "errors": {field: [message]},
        "type": "https://tools.ietf.org/html/rfc7231#section-6.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "detail": None,
        "instance": None,
        "extensions": {"traceId": f"00-{trace[:32]}-{trace[32:]}-01"},
    }
    return ApiError(400, document, "application/problem+json")


def bad_secret(status: int, message: str) -> ApiError:
    """Return an error of shape D: the secrets manager."""
    return ApiError(status, {"error": message})


class StorageError(Exception):
    """A response of the storage other than success: its status code and what S3 calls it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def document(self, resource: str) -> bytes:
        """Return the error as a document of XML."""
        return xml_document("Error", [("Code", self.code), ("Message", self.message), ("Resource", resource)])
