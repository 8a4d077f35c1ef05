"""Take the picture of Dask's dashboard during a call: ``python notebooks/pictures/dashboard.py``.

Besides the packages of the development group it needs ``pip install bokeh``, and Chromium.
"""

import os
import threading
from pathlib import Path

from distributed import Client, LocalCluster
from playwright.sync_api import sync_playwright

import stripe_reports as sr

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SIZE = {"width": 1100, "height": 620}


def main(target: Path = HERE / "dashboard.png") -> None:
    half_done, taken = threading.Event(), threading.Event()

    def progress(standing):
        if standing.share > 0.5 and not half_done.is_set():
            half_done.set()
            taken.wait(60)

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as workers,
        sr.demo(accounts=100) as client,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.goto(f"{cluster.dashboard_link}", wait_until="load")
        accounts = client.simulator.account_ids()
        asked = ("balance_change_from_activity.itemized", "2026-Q3")
        options = {"split": "month", "accounts": accounts, "executor": workers, "progress": progress}
        fetching = threading.Thread(target=client.fetch_all, args=asked, kwargs=options)
        fetching.start()
        half_done.wait(120)
        page.wait_for_timeout(500)  # until the page has drawn what the scheduler has told it
        page.screenshot(path=target)
        taken.set()
        fetching.join()
        browser.close()


if __name__ == "__main__":
    main()
