"""A thousand people claim one case at once: how fast, and exactly one wins."""

import asyncio
import time

from bench.options import Options
from bench.report import Row
from bench.stage import CLOCK, Stage, a_case, open_stage
from bench.stats import median, ratio, spread
from bot import accounts
from bot.domain.case import Person
from bot.domain.claims import claim
from bot.domain.decisions import Decide
from bot.domain.policy import Policy
from bot.services.casework import Casework
from bot.store.store import Store

COUNT, QUICK_COUNT = 1_000, 50


async def run(options: Options) -> list[Row]:
    """Claims a second through load, decide and commit, against as many SET NX on the same connections."""
    count = options.pick(COUNT, QUICK_COUNT)
    ours: list[float] = []
    theirs: list[float] = []
    winners: list[int] = []
    async with open_stage() as stage, stage.store() as store:
        policy = accounts.settings_of(stage.env())[0].policy
        for turn in range(options.rounds + 1):
            theirs.append(await _set_nx(store, f"bench:claim:{turn}", count))
            rate, won = await _claims(stage, store, policy, count)
            ours.append(rate)
            winners.append(won)
    # The first turn opens the connections and teaches the server its scripts.
    value, baseline = median(ours[1:]), median(theirs[1:])
    share = ratio(value, baseline)
    one = all(won == 1 for won in winners)
    note = f"rounds: {spread(ours[1:])} against {spread(theirs[1:])}; winners in each: {sorted(set(winners))}"
    return [Row("claims", value, "claims/s", baseline, share, "ratio >= 0.3; one winner", one and share >= 0.3, note)]


async def _set_nx(store: Store, key: str, count: int) -> float:
    started = time.monotonic()
    await asyncio.gather(*(store.link.do("SET", key, str(n), "NX") for n in range(count)))
    took = time.monotonic() - started
    await store.link.do("DEL", key)
    return count / took


async def _claims(stage: Stage, store: Store, policy: Policy, count: int) -> tuple[float, int]:
    """The rate, and how many were told that they have the case."""
    casework = Casework(store.cases, CLOCK)
    case_id = await a_case(stage, casework, policy)
    staff = [Person(id=f"U0CLAIM{n:04d}", name=f"Colleague {n}") for n in range(count)]
    started = time.monotonic()
    outcomes = await asyncio.gather(*(casework.apply(case_id, _claim_by(by, policy)) for by in staff))
    return count / (time.monotonic() - started), sum(outcome.done for outcome in outcomes)


def _claim_by(by: Person, policy: Policy) -> Decide:
    return lambda case: claim(case, by, CLOCK.now(), policy)
