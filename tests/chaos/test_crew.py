"""The processes of a run can be told anything at any time; none of them runs beside itself."""

from pathlib import Path

from tests.chaos.crew import Bot


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
