"""What every part of the local Slack leans on: the JSON type, and Slack's refusals."""

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


class SlackError(Exception):
    """A refusal in Slack's words: `code` is the `error` field, `extra` the fields that go with it."""

    def __init__(self, code: str, **extra: Any) -> None:
        """Keep the code and the further fields of the answer."""
        super().__init__(code)
        self.code = code
        self.extra: Json = extra

    def body(self) -> Json:
        """The JSON answer, as Slack would send it (with HTTP 200)."""
        return {"ok": False, "error": self.code, **self.extra}


def invalid_arguments(*messages: str, code: str = "invalid_arguments") -> SlackError:
    """The refusal for missing or wrong arguments, which names each fault in both of Slack's places."""
    lines = [f"[ERROR] {message}" for message in messages]
    return SlackError(code, errors=list(messages), response_metadata={"messages": lines})
