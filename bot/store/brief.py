"""A case as it is stored names its customer once.

Most cases have one customer, whose profile would be repeated in each of up to twelve items. So an item of the case's
own author is stored with the author null, and has the author again once it is read. Where nobody told who spoke,
`unnamed` says so. The version before reads null as "nobody told", and shows the case's author there all the same.
"""

from bot.domain.case import Case


def brief(case: Case) -> str:
    """The case as it is stored: JSON, without what says only what its default says (docs/decisions/009)."""
    if case.author is not None and any(item.author is None for item in case.items):
        case = _marked(case)
    return case.model_dump_json(exclude_defaults=True, context=case.author)


def full(case: Case) -> Case:
    """A case that was just read from JSON, with the authors of all its items. It is completed where it is: nobody else
    has it yet, and copies would cost a third of the reading."""
    for item in case.items:
        if item.unnamed:
            object.__setattr__(item, "unnamed", False)
        elif item.author is None:
            object.__setattr__(item, "author", case.author)
    return case


def _marked(case: Case) -> Case:
    items = (item if item.author else item.model_copy(update={"unnamed": True}) for item in case.items)
    return case.model_copy(update={"items": tuple(items)})
