"""A process whose loop stands still ends itself, so that somebody starts it again."""

import asyncio
import sys

from tests.support.bot_process import a_sandbox

HANGING = """
import asyncio, os, time
from bot.commands import serve

serve.HUNG_S = {hung_s}

def deliver(times):
    time.sleep({hangs_s})  # this is the hang: nothing else runs meanwhile
    if times == 1:
        print("hangs no more", flush=True)
    else:
        asyncio.get_running_loop().call_later(0.2, deliver, times - 1)

async def main():
    asyncio.get_running_loop().call_later(0.1, deliver, {times})
    await serve.take_role(dict(os.environ), "worker")

asyncio.run(main())
"""


async def hang(redis_url: str, hung_s: float, hangs_s: float, times: int) -> tuple[int | None, str]:
    """A worker whose loop hangs for so long, so often; its exit code (None: it goes on) and what it said until then."""
    code = HANGING.format(hung_s=hung_s, hangs_s=hangs_s, times=times)
    async with a_sandbox(redis_url) as (_, env):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        assert process.stdout
        said = ""
        while "hangs no more" not in said and (line := await process.stdout.readline()):
            said += line.decode()
        goes_on = "hangs no more" in said
        if goes_on:
            process.kill()
        code_of_end = await process.wait()
        return None if goes_on else code_of_end, said


async def test_a_process_that_hangs_ends_and_says_where(redis_url: str) -> None:
    """Nothing else can: the code that would answer signals, renew leases or close connections does not run."""
    ended, said = await hang(redis_url, hung_s=1, hangs_s=40, times=1)
    assert ended == 1
    assert "Timeout (0:00:01)!" in said
    assert "in deliver" in said


async def test_a_process_that_is_slow_goes_on(redis_url: str) -> None:
    """Each turn of its loop begins the time anew."""
    ended, said = await hang(redis_url, hung_s=4, hangs_s=1.5, times=3)
    assert ended is None, said
