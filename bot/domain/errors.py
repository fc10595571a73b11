"""Every error that Hark raises on purpose.

HarkError
├── SetupError            the installation is wrong; carries the mend
│   └── SettingsError     one or more environment variables are wrong
├── StoreUnavailable      Redis did not answer, or could not take a write
├── LeaseLost             another worker has taken the step over meanwhile
├── Unreadable            a newer version wrote this document
├── SlackError            Slack refused a call or did not answer
│   ├── SlackUnavailable  try again later (network, 5xx)
│   ├── SlackRateLimited  try again after `retry_after` seconds
│   ├── SlackUnknown      the call may or may not have been carried out
│   └── SlackRefused      a final answer; `code` is Slack's own word
└── NetworkError          a social network refused a call or did not answer
    ├── Transient         nothing was done; try again, after `retry_after` seconds if given
    ├── Permanent         trying again cannot help; `reason` is for code, the text for people
    └── Unknown           the act may or may not have been carried out: read back before any retry

This module imports nothing of Hark, so that no circle can start here.
"""


class HarkError(Exception):
    """Base of every error that Hark raises on purpose."""


class SetupError(HarkError):
    """The installation is wrong; `mend` says what a person can do about it."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message if not mend else f"{message}\n  Mend: {mend}")
        self.message = message
        self.mend = mend


class SettingsError(SetupError):
    """Environment variables are missing or wrong."""


class StoreUnavailable(HarkError):
    """Redis did not answer, or could not take a write. Nothing may be acknowledged."""


class LeaseLost(HarkError):
    """Another worker has taken this step over meanwhile: what was to be written may be old by now, and was not."""


class Unreadable(HarkError):
    """A stored document cannot be read: a newer version wrote a word that this one does not know. It is left alone."""


class SlackError(HarkError):
    """Slack refused a call or did not answer."""


class SlackUnavailable(SlackError):
    """Slack could not be reached or failed; nothing was done."""


class SlackRateLimited(SlackError):
    """Slack asked us to wait `retry_after` seconds before the next call of this `method`."""

    def __init__(self, method: str, retry_after: float) -> None:
        super().__init__(f"{method}: Slack asks for a pause")
        self.method = method
        self.retry_after = retry_after


class SlackUnknown(SlackError):
    """The connection broke after the request left: look for the message before posting it again."""


class SlackRefused(SlackError):
    """Slack's final no; `code` is its own error word, `detail` what it said about it."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class NetworkError(HarkError):
    """A social network refused a call or did not answer."""


class Transient(NetworkError):
    """Nothing was done and a later try may work; `retry_after` is in seconds when the network named it.

    A pause that is over already is none: whoever tries again chooses one, longer each time.
    `shared`: the pause is meant for the whole account (a rate limit), not for this one thing.
    """

    def __init__(self, text: str, retry_after: float | None = None, *, shared: bool = True) -> None:
        super().__init__(text)
        self.retry_after = retry_after if retry_after and retry_after > 0 else None
        self.shared = shared


class Permanent(NetworkError):
    """Trying again cannot help. `reason` is a stable word for code, `text` a sentence for a person."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class Unknown(NetworkError):
    """The act may or may not have been carried out; it must be read back before any retry."""
