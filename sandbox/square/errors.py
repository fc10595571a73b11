"""Errors of the XRPC protocol: a status, a name for programs and words for people.

Names, statuses and words are those of the reference server (see the XRPC chapter of the AT Protocol specification).
"""

from collections.abc import Mapping


class XrpcError(Exception):
    """An answer that is not a success; `headers` are added to the HTTP answer."""

    def __init__(self, status: int, name: str, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {name}: {words}")
        self.status = status
        self.name = name
        self.words = words
        self.headers = dict(headers or {})


def invalid_request(words: str) -> XrpcError:
    """The request breaks the method's lexicon or its rules."""
    return XrpcError(400, "InvalidRequest", words)


def refused(name: str, words: str) -> XrpcError:
    """A refusal with a name of the method's own, such as InvalidSwap; always status 400."""
    return XrpcError(400, name, words)


def invalid_token(words: str) -> XrpcError:
    """The token is not one of ours, or not for this method; status 400, not 401."""
    return XrpcError(400, "InvalidToken", words)


def expired_token(words: str) -> XrpcError:
    """The token was good once; status 400, not 401."""
    return XrpcError(400, "ExpiredToken", words)


def auth_missing() -> XrpcError:
    """No token was sent."""
    return XrpcError(401, "AuthMissing", "Authentication Required")


def auth_required(words: str = "Authentication Required") -> XrpcError:
    """Wrong password, or a write to the repository of somebody else."""
    return XrpcError(401, "AuthenticationRequired", words)


def internal_error(status: int = 500) -> XrpcError:
    """The server failed, or says so; 502 when the part behind it did."""
    return XrpcError(status, "InternalServerError", "Internal Server Error")


def not_implemented() -> XrpcError:
    """No such method."""
    return XrpcError(501, "MethodNotImplemented", "Method Not Implemented")
