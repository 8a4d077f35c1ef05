"""Files and file links: what is listed, who may have it, and until when."""

import pytest
from werkzeug.test import Client

from simulator_api import FILES, LINKS, RUNS, TYPES, Api, error

NOON = 1793880000


@pytest.fixture
def file(api) -> dict:
    return api.finished()["result"]


# Files


def test_the_files_of_an_account_are_listed_newest_first(api, simulator):
    """Each as when retrieved, including those whose run was not polled since."""
    runs = [api.create(currency=currency) for currency in ("eur", "usd", "jpy")]
    simulator.clock.advance(60)
    listed = api.get(FILES).json
    assert {k: v for k, v in listed.items() if k != "data"} == {
        "object": "list",
        "has_more": False,
        "url": FILES,
    }
    assert {file["filename"] for file in listed["data"]} == {f"{run['id']}.csv" for run in runs}
    assert [api.get(f"{FILES}/{file['id']}").json for file in listed["data"]] == listed["data"]
    assert Api(simulator, "sk_live_1").get(FILES).json["data"] == []


@pytest.mark.parametrize(
    ("query", "expected", "has_more"),
    [
        pytest.param({"limit": 2}, slice(0, 2), True, id="a page"),
        pytest.param({"starting_after": 1}, slice(2, 4), False, id="the next page"),
        pytest.param({"created[lt]": NOON + 50}, slice(2, 4), False, id="before"),
        pytest.param({"purpose": "finance_report_run"}, slice(0, 4), False, id="of reports"),
        pytest.param({"purpose": "dispute_evidence"}, slice(0, 0), False, id="of something else"),
    ],
)
def test_files_are_paged_and_filtered(api, query, expected, has_more):
    """Like all lists, and by purpose."""
    files = [api.finished(currency=currency)["result"]["id"] for currency in ("eur", "usd", "jpy", "kwd")][
        ::-1
    ]
    sent = {name: files[value] if name == "starting_after" else value for name, value in query.items()}
    answer = api.get(FILES, **sent).json
    assert ([file["id"] for file in answer["data"]], answer["has_more"]) == (files[expected], has_more)


def test_an_expired_file_is_not_listed(api, simulator, file):
    """It no longer exists."""
    simulator.clock.advance(365 * 86_400 - 20)
    assert [listed["id"] for listed in api.get(FILES).json["data"]] == [file["id"]]
    simulator.clock.advance(20)
    assert api.get(FILES).json["data"] == []


@pytest.mark.parametrize(
    ("query", "param"),
    [({"purpose": "holiday"}, "purpose"), ({"type": "csv"}, "type"), ({"purpose[]": "logo"}, "purpose")],
)
def test_other_filters_of_files_are_refused(api, query, param):
    """The text lists the purposes."""
    answer = api.get(FILES, **query)
    assert (answer.status_code, error(answer)["param"]) == (400, param)


# File links


def link(api, file, **members):
    answer = api.post({"file": file["id"]} | members, LINKS)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_link_gives_the_file_without_a_key(api, simulator, file):
    """It has exactly Stripe's nine members."""
    made = link(api, file)
    assert made == {
        "id": made["id"],
        "object": "file_link",
        "created": NOON + 20,
        "expired": False,
        "expires_at": None,
        "file": file["id"],
        "livemode": False,
        "metadata": {},
        "url": made["url"],
    }
    assert made["id"].startswith("link_")
    assert made["url"].startswith("https://files.stripe.com/links/")
    path = made["url"].removeprefix("https://files.stripe.com")
    download = Client(simulator).get(path)
    assert (download.status_code, len(download.data)) == (200, file["size"])
    assert api.get(f"{LINKS}/{made['id']}").json == made


def test_a_link_expires_at_the_given_time(api, simulator, file):
    """From then on the address is 404, and the answer reveals nothing about the file."""
    made = link(api, file, expires_at=NOON + 100)
    path = made["url"].removeprefix("https://files.stripe.com")
    simulator.clock.advance(79)
    assert Client(simulator).get(path).status_code == 200
    simulator.clock.advance(1)
    assert api.get(f"{LINKS}/{made['id']}").json == made | {"expired": True}
    gone = Client(simulator).get(path)
    assert (gone.status_code, error(gone)["message"]) == (404, "This link is invalid or has expired.")
    assert Client(simulator).get("/links/nonsense").json == gone.json


def test_a_link_expires_with_its_file(api, simulator, file):
    """A year after the creation of the file."""
    made = link(api, file)
    simulator.clock.advance(366 * 86_400)
    assert api.get(f"{LINKS}/{made['id']}").json["expired"]


def test_a_link_can_be_changed(api, simulator, file):
    """Its expiry, which can be now or never, and its metadata, key by key."""
    made = link(api, file, expires_at=NOON + 100, **{"metadata[for]": "the auditor", "metadata[2]": "two"})
    assert made["metadata"] == {"for": "the auditor", "2": "two"}
    path = f"{LINKS}/{made['id']}"
    assert api.post({"expires_at": NOON + 500}, path).json == made | {"expires_at": NOON + 500}
    assert api.post({"expires_at": ""}, path).json == made | {"expires_at": None}
    changed = api.post({"metadata[2]": "", "metadata[by]": "me"}, path).json
    assert changed["metadata"] == {"for": "the auditor", "by": "me"}
    assert api.post({"metadata": ""}, path).json["metadata"] == {}
    ended = api.post({"expires_at": "now"}, path).json
    assert (ended["expired"], ended["expires_at"]) == (True, NOON + 20)


def test_links_can_be_filtered_by_file_and_expiry(api, simulator):
    """Newest first, only those of the caller."""
    one, other = (api.finished(currency=currency)["result"] for currency in ("eur", "usd"))
    first, second = link(api, one), link(api, one, expires_at=NOON + 50)
    third = link(api, other)
    simulator.clock.advance(60)

    def listed(**query):
        return [link["id"] for link in api.get(LINKS, **query).json["data"]]

    assert listed() == [third["id"], second["id"], first["id"]]
    assert listed(file=one["id"]) == [second["id"], first["id"]]
    assert listed(file=one["id"], expired="true") == [second["id"]]
    assert listed(expired="false", limit=1) == [third["id"]]
    assert Api(simulator, "sk_live_1").get(LINKS).json["data"] == []


def test_a_file_lists_its_links(api, file):
    """Wherever the file is shown."""
    made = link(api, file)
    shown = api.get(f"{FILES}/{file['id']}").json
    assert shown["links"] == file["links"] | {"data": [made]}
    assert api.get(RUNS).json["data"][0]["result"] == shown


@pytest.mark.parametrize(
    ("sent", "status", "expected"),
    [
        ({}, 400, {"code": "parameter_missing", "param": "file"}),
        ({"file": ""}, 400, {"code": "parameter_invalid_empty", "param": "file"}),
        ({"file": "file_1"}, 404, {"code": "resource_missing", "param": "file"}),
        (
            {"file": None, "expires_at": "soon"},
            400,
            {"code": "parameter_invalid_integer", "param": "expires_at"},
        ),
        ({"file": None, "expires_at": NOON}, 400, {"param": "expires_at"}),
        ({"file": None, "metadata": "all"}, 400, {"param": "metadata"}),
        ({"file": None, "metadata[k][l]": "v"}, 400, {"param": "metadata[k]"}),
        ({"file": None, f"metadata[{'k' * 41}]": "v"}, 400, {"param": f"metadata[{'k' * 41}]"}),
        ({"file": None, "metadata[k]": "v" * 501}, 400, {"param": "metadata[k]"}),
        ({"file": None} | {f"metadata[{k}]": "v" for k in range(51)}, 400, {"param": "metadata"}),
        ({"file": None, "colour": "red"}, 400, {"code": "parameter_unknown", "param": "colour"}),
    ],
)
def test_an_invalid_link_is_refused_with_the_reason(api, file, sent, status, expected):
    """No link is created."""
    answer = api.post({name: file["id"] if value is None else value for name, value in sent.items()}, LINKS)
    members = error(answer)
    del members["message"]
    assert (answer.status_code, members) == (status, {"type": "invalid_request_error"} | expected)
    assert api.get(LINKS).json["data"] == []


def test_links_are_visible_to_their_owner_only(api, simulator, file):
    """Only the address can be passed on."""
    path = f"{LINKS}/{link(api, file)['id']}"
    stranger = Api(simulator, "sk_live_1")
    assert [stranger.get(path).status_code, stranger.post({"expires_at": "now"}, path).status_code] == [
        404
    ] * 2


# Expand


@pytest.mark.parametrize(
    ("path", "expand"),
    [
        (f"{RUNS}/{{run}}", ["result", "parameters", "result.links"]),
        (RUNS, ["data.result"]),
        (f"{FILES}/{{file}}", ["links.data.file"]),
        (TYPES, ["data"]),
    ],
)
def test_members_that_are_always_whole_may_be_expanded(api, path, expand):
    """The answer is the same."""
    run = api.finished()
    path = path.format(run=run["id"], file=run["result"]["id"])
    sent = {f"expand[{k}]": name for k, name in enumerate(expand)}
    assert api.get(path, **sent).json == api.get(path).json


def test_the_file_of_a_link_is_an_id_or_expanded(api, file):
    """On all four endpoints of links."""
    made = api.post({"file": file["id"], "expand[]": "file"}, LINKS).json
    assert made["file"]["id"] == file["id"]
    path = f"{LINKS}/{made['id']}"
    assert api.get(path).json["file"] == file["id"]
    assert api.get(path, **{"expand[]": "file"}).json == made
    assert api.post({"expand[]": "file"}, path).json == made
    assert api.get(LINKS, **{"expand[]": "data.file"}).json["data"] == [made]


@pytest.mark.parametrize(
    ("path", "expand", "text"),
    [
        (f"{RUNS}/{{run}}", "status", "This property cannot be expanded (status)."),
        (
            RUNS,
            "result",
            "This property cannot be expanded (result). You may want to try expanding 'data.result' instead.",
        ),
        (f"{TYPES}/balance.summary.1", "name", "This property cannot be expanded (name)."),
        (
            RUNS,
            "data.result.links.data.file",
            "You cannot expand more than 4 levels of a property. Property: data.result.links.data.file",
        ),
    ],
)
def test_members_that_are_not_objects_cannot_be_expanded(api, path, expand, text):
    """They are never silently ignored."""
    run = api.finished()
    answer = api.get(path.format(run=run["id"]), **{"expand[]": expand})
    assert (answer.status_code, error(answer)["message"]) == (400, text)
