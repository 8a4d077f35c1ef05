"""The site: its generated pages cover everything, and no page has a dead link or needs another host.

``tox -e docs`` builds it and names its folder in ``SITE``; else only the generated pages are tested.
"""

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from website import catalogue, reference, sources

import stripe_reports as sr
from places import ROOT
from stripe_reports import catalog, errors, simulator
from stripe_reports.catalog.purposes import purposes

SITE = Path(os.environ.get("SITE", "there-is-no-site"))
PAGES = sorted({*SITE.rglob("*.html")} - {*SITE.rglob("_static/*.html")})
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "object": "data"}
"""Tags whose address a browser loads without a click."""

built = pytest.mark.skipif(not PAGES, reason="SITE is not the folder of a built site")


class Page(HTMLParser):
    """The addresses of a page: what it loads, where its links lead, and where links can lead to."""

    def __init__(self, path):
        super().__init__()
        self.loaded, self.links, self.anchors = [], [], {""}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values.get("id"), values.get("name")}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if values.get(LOADED.get(tag)):
            self.loaded.append(values[LOADED[tag]])


@pytest.fixture(scope="module")
def pages():
    """Every page of the site, read once."""
    return {path.resolve(): Page(path) for path in PAGES}


def named(path):
    return str(path.relative_to(SITE))


@built
@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_link_and_picture_of_the_site_resolves(path, pages):
    """Within the site, to the heading that is named; other sites are not asked."""
    page, dead = pages[path.resolve()], []
    for address in page.links + page.loaded:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
        if not target.is_file() or (target in pages and unquote(parts.fragment) not in pages[target].anchors):
            dead.append(address)
    assert dead == []


@built
@pytest.mark.parametrize("path", PAGES, ids=named)
def test_no_page_loads_anything_from_another_host(path, pages):
    """No script, style, font or picture: the site works offline, and tells nobody who reads it."""
    assert [each for each in pages[path.resolve()].loaded if urlsplit(each).netloc] == []
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", path.read_text("utf-8"), re.DOTALL)
    assert not [text for text in scripts if re.search(r"\bimport\s*\(|\bfetch\s*\(|require\.js", text)]


@built
def test_no_style_loads_anything_from_another_host():
    """Fonts come with the theme."""
    styles = "".join(path.read_text("utf-8") for path in SITE.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)\s]+", styles) == []


@built
def test_every_form_is_a_picture():
    """A form needs a kernel; without one, a script of widgets would be loaded from another host."""
    for name in ("welcome", "explorer", "app"):
        text = (SITE / f"{name}.html").read_text("utf-8")
        assert "_images/form.png" in text
        assert "widget-view+json" not in text


@built
@pytest.mark.parametrize("name", ["quickstart", "charts", "month_end"])
def test_charts_are_part_of_the_page(name):
    """As SVG, in the colours of the page."""
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in (SITE / f"{name}.html").read_text("utf-8")


@built
@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("stripe_reports", sorted({*sr.__all__} - {"errors"})),
        ("stripe_reports.errors", errors.__all__),
        ("stripe_reports.simulator", simulator.__all__),
    ],
)
def test_the_reference_has_every_public_name(module, names, pages):
    """At an address that does not change."""
    anchors = {anchor for page in pages.values() for anchor in page.anchors}
    assert {f"{module}.{name}" for name in names} <= anchors


def test_every_report_of_which_report_has_a_link_to_its_page():
    """Also where no column of it is known."""
    source = [(ROOT / "notebooks" / "which_report.md").read_text("utf-8")]
    sources.adapt(None, "which_report", source)
    linked = set(re.findall(r"\[`([\w.]+)`\]\(catalogue/\1\.\d+\.md\)", source[0]))
    assert linked == {name for purpose in purposes() for name in purpose.report_types}


@built
def test_the_search_finds_report_types_and_columns():
    """The index is a part of the site."""
    index = (SITE / "searchindex.js").read_text("utf-8")
    assert all(f'"{type_id}"' in index for type_id in catalog.report_types())
    assert "filing_tax_amount" in index


def test_the_groups_of_the_reference_have_every_public_name_once():
    """A new name belongs into one of them."""
    grouped = [name for names in reference.GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(sr.__all__)


def test_no_two_generated_pages_have_names_that_differ_only_in_case(tmp_path):
    """On macOS and Windows they would be one file."""
    reference.write(tmp_path)
    names = [path.name.lower() for path in tmp_path.iterdir()]
    assert len(names) == len(set(names))
    assert {"dataset.rst", "dataset-function.rst"} <= set(names)


def test_links_of_the_changelog_lead_to_pages_of_the_site(tmp_path):
    """In the repository, it is one folder above the pages."""
    reference.write(tmp_path)
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (tmp_path / "changelog.md").read_text("utf-8"))
    assert [link for link in links if not (ROOT / "notebooks" / "reference" / link).resolve().is_file()] == []


def test_the_guide_has_every_notebook_and_page():
    """A new page belongs into it, or into the bar at the top."""
    top = re.findall(r"<(\w+)>$", (ROOT / "notebooks" / "index.md").read_text("utf-8"), re.MULTILINE)
    listed = {*top, *re.findall(r"<(\w+)>", " ".join(sources.GUIDE)), "index"}
    assert listed == {
        path.stem for path in (ROOT / "notebooks").iterdir() if path.suffix in (".md", ".ipynb")
    }


@pytest.mark.parametrize("type_id", catalog.report_types())
def test_the_page_of_a_report_type_has_its_columns_and_their_meaning(type_id):
    """One row for each column."""
    type_ = catalog.get(type_id)
    rows = re.findall(
        r"^\| `(.+?)` \| (.+?) \| `(.+?)` \| (yes|) \|$", catalogue.page_of(type_), re.MULTILINE
    )
    assert [name for name, *_ in rows] == [column.name for column in type_.columns]
    assert {name for name, *_, default in rows if default} == {
        name for name in type_.default_columns or () if type_.column(name)
    }
