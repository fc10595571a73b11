"""All scenarios, in the order in which they run."""

from bench.options import Scenario
from bench.scenarios import claims, floor, flow, intake, kill, press, scale, soak, start, storm, timers, workers

SCENARIOS = (
    Scenario(
        "intake-bare",
        "signed webhooks on the disk before the 200, against a handler that stores nothing",
        intake.against_bare,
    ),
    Scenario("intake-xadd", "the same against a handler with one XADD each", intake.against_xadd),
    Scenario("flow-max", "event to Slack call, most per second, against a naive forwarder", flow.most),
    Scenario("flow-p99", "event to Slack call at 200 a second, p99, against a naive forwarder", flow.steady),
    Scenario("press", "press to acknowledged and redrawn, p99, under 200 events a second", press.run),
    Scenario("floor-max", "flow-max of a relay that stores and does nothing else", floor.most),
    Scenario("floor-p99", "flow-p99 of the same relay", floor.steady),
    Scenario("floor-press", "press, where Bolt stores and answers and does nothing else", floor.pressed),
    Scenario("claims", "1,000 simultaneous claims on one case, against as many SET NX", claims.run),
    Scenario("timers", "50,000 of a million timers due at once, against ZRANGEBYSCORE and ZREM", timers.run),
    Scenario("scale", "cost per event at 1k, 100k and 1M open cases, memory per open case", scale.run),
    Scenario("backlog", "kill -9 with 10,000 waiting: first card after the start, drained", kill.backlog),
    Scenario("kill-429", "200 events a second, 429 above 100, kill -9 at half: lost and doubled", kill.under_429),
    Scenario("two-workers", "two workers on one backlog against one", workers.run),
    Scenario("storm", "10,000 items in 60 s into one channel at Slack's real budget", storm.run),
    Scenario("soak", "memory of each process after 80,000 events, against that after 20,000", soak.run),
    Scenario("start", "cold start to ready and memory at rest of each role", start.run),
)
