"""All scenarios, in the order in which they run."""

from bench.options import Scenario
from bench.scenarios import flow, intake, press

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
)
