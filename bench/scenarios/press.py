"""A member of staff presses Claim while 200 events a second come in: acknowledged, and the card redrawn."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from urllib.parse import quote

from bench import events
from bench.load import Load, Sent
from bench.options import Options
from bench.report import Row
from bench.scenarios.flow import RATE, arrive
from bench.stage import CHANNEL, CLOCK, SIGNING_SECRET, Stage, open_stage
from bench.stats import median, percentile, ratio, spread
from bot.cards.action_ids import ActionId, Press
from bot.domain.models import CaseKey

PRESSES, QUICK_PRESSES = 200, 5
PRESS_RATE = 20
STAFF = 25
REDRAW_BYTES = 3000


async def run(options: Options) -> list[Row]:
    """The p99 from the press to the later of both: its acknowledgement, and the new card at its response_url.

    The baseline is the fake Slack's own round trip, twice (a press and a redraw are two exchanges), at the same rate
    and under the same load.
    """
    presses = options.pick(PRESSES, QUICK_PRESSES)
    ours: list[float] = []
    theirs: list[float] = []
    async with open_stage(options.profile) as stage, stage.web() as (_, port), stage.worker():
        for _round in range(options.rounds):
            cards = await new_cards(stage, port, presses)
            theirs.append(percentile(await round_trips(stage, port, presses), 0.99))
            ours.append(percentile(await press_all(stage, port, port, cards), 0.99))
    value, baseline = median(ours), median(theirs)
    share = ratio(value, baseline)
    note = f"rounds: {spread(ours)} against {spread(theirs)} ms; {presses} presses at {PRESS_RATE} a second in each"
    return [Row("press", value, "ms", baseline, share, "ratio <= 3 and < 60 ms", share <= 3 and value < 60, note)]


async def pressed(stage: Stage, port: int, presses: int) -> list[float]:
    """Take in so many events, and claim the card of each, under further ones; the ms that each press took."""
    return await press_all(stage, port, port, await new_cards(stage, port, presses))


async def new_cards(stage: Stage, port: int, count: int) -> dict[int, str]:
    """New cards to press: their events and where they stand."""
    await stage.slack.reset()
    await arrive(stage, await stage.send("webhook", port, stage.numbers(count), RATE))
    return (await stage.slack.report()).stamps()


async def round_trips(stage: Stage, port: int, presses: int) -> list[float]:
    """The ms of the fake Slack's own round trip, twice, at the rate of presses and under events for `port`."""
    content = json.dumps({"text": "x" * REDRAW_BYTES}).encode()
    request = events.post(stage.slack.port, "/respond/baseline", content, {})
    under = await _events(stage, port, presses)
    load = await Load.start(stage.folder, [request] * presses, stage.slack.port, PRESS_RATE, 4, times=2)
    sent = await load.result()
    await under.result()
    return [each.ms for each in sent]


async def press_all(stage: Stage, port: int, desk: int, cards: dict[int, str]) -> list[float]:
    """Claim each card at the port `desk`, under events for `port`; the ms that each press took."""
    under = await _events(stage, port, len(cards))
    requests = [press(stage, desk, n, ts) for n, ts in cards.items()]
    sent = await (await Load.start(stage.folder, requests, desk, PRESS_RATE, 4)).result()
    await arrive(stage, await under.result())
    redrawn = (await stage.slack.report()).redrawn
    return _both(list(cards), sent, redrawn)


def _both(numbers: Sequence[int], sent: Sequence[Sent], redrawn: dict[str, float]) -> list[float]:
    found = []
    for n, each in zip(numbers, sent, strict=True):
        if not each.is_acked or events.token(n) not in redrawn:
            msg = f"a press was not carried out (status {each.status})"
            raise RuntimeError(msg)
        found.append((max(each.answered, redrawn[events.token(n)]) - each.due) * 1000)
    return found


async def _events(stage: Stage, port: int, presses: int) -> Load:
    """The load under which presses are made: a little longer than they take."""
    await stage.slack.reset()
    count = RATE * presses // PRESS_RATE * 5 // 4
    return await stage.begin("webhook", port, stage.numbers(count), RATE)


def press(stage: Stage, port: int, n: int, ts: str) -> bytes:
    """A press on Claim as Slack sends it in HTTP mode: a form with one JSON field, signed."""
    case = CaseKey(network="webhook", account="main", conversation=events.conversation(n)).id
    user = f"U0STAFF{n % STAFF:03d}"
    payload = {
        "type": "block_actions",
        "user": {"id": user, "username": "bench", "team_id": "T0BENCH001"},
        "api_app_id": "A0BENCH001",
        "token": "bench",
        "container": {"type": "message", "message_ts": ts, "channel_id": CHANNEL, "is_ephemeral": False},
        "trigger_id": f"1.2.{n}",
        "team": {"id": "T0BENCH001", "domain": "bench"},
        "channel": {"id": CHANNEL, "name": "care"},
        "message": {"ts": ts, "type": "message", "text": "", "blocks": []},
        "response_url": f"http://127.0.0.1:{stage.slack.port}/respond/{events.token(n)}",
        "actions": [
            {
                "action_id": ActionId.CLAIM.value,
                "block_id": "actions",
                "type": "button",
                "value": Press.on(case, "card").encode(),
                "action_ts": ts,
            }
        ],
    }
    content = b"payload=" + quote(json.dumps(payload)).encode()
    stamp = str(int(CLOCK.now().timestamp()))
    signed = hmac.digest(SIGNING_SECRET.encode(), f"v0:{stamp}:".encode() + content, hashlib.sha256).hex()
    extra = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
    return events.post(port, "/slack/events", content, extra).replace(
        b"application/json", b"application/x-www-form-urlencoded", 1
    )
