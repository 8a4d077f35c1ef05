"""A browser, a Stripe to ask, and Jupyter between them: all on loopback."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from diagnosis import Recorder, describe
from servers import FLAGS, SHOTS, WINDOW, find_browser, serving

from stripe_reports.simulator import RealClock, Simulator, serve

LATENCY = 2.0


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Each takes seconds, and may run twice, since a page may be late when the machine is busy."""
    reason = (
        "a browser, a server and a kernel share the cores of the machine, and the page has limits of time"
    )
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.flaky(reruns=1, reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Describe the page of a test that failed, while it is still open."""
    report = yield
    if call.when == "call" and report.failed and {"page", "folder"} <= item.funcargs.keys():
        page, folder = item.funcargs["page"], item.funcargs["folder"]
        name = f"failed-{abs(hash(item.nodeid))}.png"
        try:
            state = describe(page, page.recorder, folder, (Path(SHOTS) if SHOTS else folder) / name)
        except Exception as error:  # the failure itself must be seen, whatever else is broken
            state = f"cannot be described: {error!r}"
        report.sections.append(("the page when the test failed", state))
    return report


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, headless; where there is none the tests are skipped, but not in CI."""
    path = find_browser()
    if path is None:
        reason = "no browser: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stripe():
    """A simulator in real time; runs take two seconds."""
    return Simulator(seed=1, latency=LATENCY, clock=RealClock())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the notebooks of a module are, and beside them everything that Jupyter writes."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def stripe_url(stripe):
    with serve(stripe) as address:
        yield address


@pytest.fixture(scope="module")
def jupyter(request, stripe, stripe_url, folder):
    """The address of the Jupyter server that the module names in ``SERVER``."""
    kind = request.module.SERVER
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIPE_API_KEY", stripe.key)
        patch.setenv("STRIPE_URL", stripe_url)
        patch.setenv("STRIPE_REPORTS_CACHE_DIR", str(folder / ".cache"))
        with serving(kind, folder) as address:
            yield address


@pytest.fixture
def page(chromium, request):
    """A page that reaches nothing but this machine; what it tries all the same is in ``page.strangers``."""
    context = chromium.new_context(viewport=WINDOW, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    strangers, alerts = [], []

    def watch(route):
        if urlsplit(route.request.url).hostname in ("127.0.0.1", "localhost", None):
            route.continue_()
        else:
            strangers.append(route.request.url)
            route.abort()

    context.route("**/*", watch)
    page = context.new_page()
    page.set_default_timeout(60_000)  # a busy machine is no failure
    page.strangers, page.alerts, page.recorder = strangers, alerts, Recorder(page)

    def answer(dialog):
        if dialog.type == "beforeunload":  # JupyterLab asks before it is left
            dialog.accept()
        else:
            alerts.append(dialog.message)
            dialog.dismiss()

    page.on("dialog", answer)
    yield page
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/end-{request.node.name[:60]}.png")
    context.close()


@pytest.fixture
def shot(page):
    """Keeps a picture of the page, to be looked at, where SCREENSHOTS names a folder."""

    def shot(name):
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}.png")

    return shot


@pytest.fixture
def launches(stripe):
    """How many runs were launched since the last count."""

    def launches():
        posted = [r for r in stripe.requests if r.method == "POST" and r.path.endswith("report_runs")]
        new = len(posted) - launches.seen
        launches.seen = len(posted)
        return new

    launches.seen = 0
    launches()
    return launches
