"""Tell whether a text asks for an answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.domain.text.phrases import lowered

_MARK: Final = r"[?？¿؟՞;፧⁇⁈⁉]"
_LEADING: Final = "(?:and|but|so|ok|okay|hi|hello|hey|please|pls|also|thanks)"
_OPENING: Final = (
    r"(?:who|whom|whose|what(?! a\b)|when|where|why|which|how(?! (?:nice|sweet|cool|lovely|great))|is|are"
    r"|am|was|were|do|does|did"
    r"|can|could|will|would|should|has|have|may)(?:'s|'re|'d|n't)? (?:i|you|u|we|they|he|she|it|there"
    r"|this|that|these|those"
    r"|the|my|your|our|any|anyone|somebody|someone|a|an|to|do|does|did|is|are|can|could|much|many|long"
    r"|soon|often|far|come"
    r"|will|would|should|time|number|happen(?:s|ed)?)\b"
)
_REQUEST: Final = (
    r"(?:(?:can|could|would|will) (?:you|u|someone|anyone|somebody|i|we)|any (?:idea|update|news|chance"
    r"|help|info)\b"
    r"|(?:i|we)(?: would|'d|) (?:like|want|need) to (?:know|ask|check|find out)|wonder(?:ing)? (?:if"
    r"|whether|when|how|why|what)"
    r"|(?:please|pls|kindly) (?:advise|tell|let (?:me|us) know|explain|confirm|clarify|help|check|respond"
    r"|reply|answer|send|dm|call)"
    r"|(?:tell|let) (?:me|us) know\b|tell me (?:if|how|when|why|what|where)|(?:not|n't) know (?:how|if"
    r"|what|where|why|when)"
    r"|how (?:do|can|to|would|should|long|much|many) |is there (?:a|any)|do you (?:know|have|offer|ship"
    r"|deliver|sell|plan)|does any(?:one|body))\w*"
)


@dataclass(frozen=True)
class QuestionReader:
    """The rules: a question mark in any script; in English an opening or a request without one."""

    patterns: tuple[str, ...] = (f"{_LEADING} {_OPENING}", _REQUEST)
    mark: "re.Pattern[str]" = field(default_factory=lambda: re.compile(_MARK))
    first: "re.Pattern[str]" = field(default_factory=lambda: re.compile(_OPENING))
    later: "re.Pattern[str]" = field(default_factory=lambda: re.compile(rf"[.!…\n,] ?{_OPENING}"))

    def is_marked(self, words: str) -> bool:
        """Tell whether there is a question mark."""
        return self.mark.search(words) is not None

    def read(self, words: str, hits: Sequence[int]) -> bool:
        """Tell whether English words, without handles and links, ask for an answer.

        `hits` are how often each of `patterns` is met.
        """
        if any(hits) or self.is_marked(words):
            return True
        text = lowered(words)
        return bool(self.first.match(text) or self.later.search(text))
