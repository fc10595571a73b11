"""The sandbox's page as people use it: tabs, cards, modals, the square, the clock; and what must never happen in it."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, Locator, Page, Request, Route, expect

from tests.support.browser import PATIENCE_MS

ARTIFACTS = Path(__file__).parents[2] / ".artifacts"
DESK = (1400, 900)
PHONE = (390, 844)
TABS_TRIED = 40
PRESSES = "**/sandbox/slack/press"
FOCUSED = """() => {
  const { ariaLabel, labels, textContent } = document.activeElement;
  return (ariaLabel || labels?.[0]?.textContent || textContent).trim();
}"""


@dataclass
class Watch:
    """What a browser complained about, and what it asked of anybody but the page's own server."""

    origin: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        """Look at everything that this page does from now on."""
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: self.complaints.append(line.text) if line.type in {"error", "warning"} else None,
        )
        page.on("request", self._ask)
        page.on("requestfailed", self._fail)

    def _ask(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.origin).netloc:
            self.foreign.append(request.url)

    def _fail(self, request: Request) -> None:
        # The stream of changes and whatever else is under way ends with the page itself.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.complaints.append(f"{request.url}: {request.failure}")


@dataclass(frozen=True)
class Tab:
    """One browser tab: a member of staff's Slack beside one customer's square."""

    page: Page

    # The team's Slack

    @property
    def channel(self) -> Locator:
        """The conversation that is open."""
        return self.page.get_by_test_id("channel")

    @property
    def thread(self) -> Locator:
        """The thread that is open."""
        return self.page.get_by_test_id("thread")

    def card(self, words: str) -> Locator:
        """The message with buttons that shows these words, in the open conversation."""
        with_buttons = self.page.locator(".block.actions")
        return self.channel.locator(".has-card").filter(has_text=words, has=with_buttons)

    async def press(self, card: Locator, name: str) -> None:
        """Press a card's button by the word that its name begins with."""
        await card.locator(".block").get_by_role("button", name=re.compile(rf"^{name}\b")).click()

    async def choose(self, card: Locator, entry: str) -> None:
        """Choose from a card's menu; what has no place there, from the More dialog."""
        await card.get_by_role("button", name="More actions").click()
        item = self.page.get_by_role("menuitem", name=entry)
        if await item.count():
            await item.click()
            return
        await self.page.get_by_role("menuitem", name="More…").click()
        await (await self.modal("More")).get_by_role("button", name=entry).click()

    async def modal(self, title: str) -> Locator:
        """The modal with this title, once it is open."""
        dialog = self.page.get_by_role("dialog", name=title, exact=True)
        await expect(dialog).to_be_visible()
        return dialog

    async def send(self, dialog: Locator, button: str = "Send") -> None:
        """Submit a modal and see it go."""
        await dialog.get_by_role("button", name=button, exact=True).click()
        await expect(dialog).to_have_count(0)

    # The square

    async def post(self, customer: str, text: str) -> None:
        """Write something on the square as the customer who is chosen there."""
        await self.page.get_by_role("textbox", name=f"New post by {customer}").fill(text)
        await self.page.get_by_role("button", name="Post", exact=True).click()

    def posts(self, words: str) -> Locator:
        """What stands on the square with these words."""
        return self.page.get_by_test_id("post").filter(has_text=words)

    async def answer(self, words: str, author: str, text: str) -> None:
        """Reply on the square to the post with these words."""
        await self.posts(words).get_by_role("button", name="Reply", exact=True).click()
        box = self.page.get_by_role("textbox", name=f"Reply to {author}")
        await box.fill(text)
        await box.press("Control+Enter")
        await expect(box).to_have_count(0)

    async def place(self, name: str) -> None:
        """Go to the square's feed, messages or people."""
        await self.page.get_by_role("navigation", name="Square").get_by_role("button", name=name).click()

    # The clock

    async def skip(self, *spans: str) -> None:
        """Press the clock's buttons, by their spoken names, one after the other."""
        for span in spans:
            before = await self.time()
            await self.page.get_by_role("button", name=f"Forward {span}", exact=True).click()
            await expect(self.page.get_by_test_id("sandbox-time")).not_to_have_text(before)

    async def time(self) -> str:
        """The sandbox's clock as it stands in the bar."""
        return await self.page.get_by_test_id("sandbox-time").inner_text()

    # The keyboard

    async def tab_to(self, name: str) -> None:
        """Press Tab until the focus is on something with this name; fails when it is not reached."""
        seen = []
        for _ in range(TABS_TRIED):
            await self.page.keyboard.press("Tab")
            seen.append(await self.page.evaluate(FOCUSED))
            if seen[-1].startswith(name):
                return
        msg = f"Tab never reached {name!r}, but {seen}"
        raise AssertionError(msg)

    async def picture(self, name: str) -> None:
        """Keep what the tab shows now in .artifacts, for people to look at."""
        ARTIFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"story-{name}.png", animations="disabled")


@asynccontextmanager
async def at_the_same_moment(*everybody: Tab) -> AsyncIterator[None]:
    """What these tabs send to Slack next leaves together: the first request waits until each tab has sent one."""
    start = asyncio.Barrier(len(everybody))

    async def hold(route: Route) -> None:
        await start.wait()
        await route.continue_()

    for tab in everybody:
        await tab.page.route(PRESSES, hold, times=1)
    yield
    assert start.n_waiting == 0, "somebody pressed nothing"


@asynccontextmanager
async def tabs(
    browser: Browser, url: str, *addresses: str, size: tuple[int, int] = DESK, touch: bool = False
) -> AsyncIterator[Sequence[Tab]]:
    """Open one tab for each address (a query such as `?staff=ana`), all in one fresh browser profile.

    At the end nothing may stand in any console, and no request may have gone anywhere but to the page's own server.
    """
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=2 if touch else 1,
        has_touch=touch,
        locale="en-GB",
        timezone_id="Europe/Zagreb",
        reduced_motion="reduce",
    )
    watch = Watch(url)
    opened = []
    for address in addresses:
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch.over(page)
        await page.goto(f"{url}/{address}")
        opened.append(Tab(page))
    yield opened
    assert not watch.complaints, f"the browser complained: {watch.complaints}"
    assert not watch.foreign, f"the page asked others: {watch.foreign}"
