"""What a test expects of a decision: a case, or a refusal."""

from bot.domain.case import Case
from bot.domain.decisions import Change, Decision, Refused


def case_of(decision: Decision) -> Case:
    """The case after a decision that was carried out."""
    assert isinstance(decision, Change), decision
    return decision.case


def refused(decision: Decision) -> Refused:
    """The refusal of a decision that was not."""
    assert isinstance(decision, Refused), decision
    return decision
