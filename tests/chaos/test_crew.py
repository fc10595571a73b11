"""The processes of a run can be told anything at any time; none of them runs beside itself."""

from pathlib import Path

from tests.chaos.crew import Bot
from tests.support.waiting import wait_until

OTHER = """
import time
def live(role, env, log):
    log.write_text(f"{role} of {env['PLACE']}")
    time.sleep(60)  # lives until it is killed
"""


async def test_two_faults_that_end_a_bot_do_not_start_it_twice(tmp_path: Path) -> None:
    """One struck while it was down for the other: the life that the later one would begin has begun already."""
    bot = Bot("worker1", {}, tmp_path / "worker1.log")
    bot.start()
    await bot.kill()
    await bot.stop()
    bot.start()
    bot.start()
    assert bot.lives == 2
    await bot.kill()
    assert bot.wrong == []


async def test_a_bot_can_live_in_the_working_copy_of_another_version(tmp_path: Path) -> None:
    """With that version's code, and nothing of this one's."""
    other = tmp_path / "other" / "tests" / "chaos"
    other.mkdir(parents=True)
    (other / "hark.py").write_text(OTHER)
    bot = Bot("worker2", {"PLACE": "elsewhere"}, tmp_path / "worker2.log", home=tmp_path / "other")
    bot.start()
    await wait_until(lambda: bot.said == "worker of elsewhere", "the other version is told what to be", within_s=20)
    await bot.kill()
    assert bot.wrong == []
