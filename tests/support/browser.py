"""The browser of the tests."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright, expect

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
# The last switch of this name alone counts, so this one repeats of Playwright's what pages or dialogs could tell.
DISABLED_FEATURES = (
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    # Each window would load the hundreds of scripts of its address bar, which nobody sees, for half of its CPU time.
    "PreloadTopChromeWebUI",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
    # Each page would start one more process, for a page that may come, and each sandboxed frame one of its own.
    "SpareRendererForSitePerProcess",
    "IsolateSandboxedIframes",
)
FLAGS = ("--disable-gpu", "--in-process-gpu", "--disable-quic", f"--disable-features={','.join(DISABLED_FEATURES)}")


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """Start a headless Chromium."""
    # A machine may be busy with other tests; what comes in time is not waited for longer.
    expect.set_options(timeout=20_000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()
