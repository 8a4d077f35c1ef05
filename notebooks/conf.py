"""The site made of these pages and the docstrings, without network and other hosts: ``tox -e docs``."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from website import catalogue, outputs, reference, sources

project = "stripe-reports"
author = "The stripe-reports developers"
project_copyright = "The stripe-reports developers"
version = release = version_of("stripe-reports")
root_doc = "index"
exclude_patterns = ["pictures", "website", "**.ipynb_checkpoints"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True  # the monthly job writes files
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_ipywidgets_js = {}  # would load from a CDN: forms are shown as a picture

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
napoleon_use_ivar = True  # the attributes of a docstring, not a second entry for each

WIDE = ("errors", "reports_v2", "tasks", "which_report")
"""Pages whose tables need the room of the list of headings; pages of the catalogue say it themselves."""

html_theme = "pydata_sphinx_theme"
html_title = "stripe-reports"
html_static_path = ["website/static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "secondary_sidebar_items": {"**": ["page-toc"]} | {page: [] for page in WIDE},
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {page: [] for page in ("index", "which_report", "errors", "simulator", "reference/changelog")}
pygments_style = "default"


def setup(app):
    """Generate pages before they are read, and adapt those that are written for Jupyter."""
    catalogue.write(HERE / "catalogue")
    reference.write(HERE / "reference")
    app.connect("source-read", sources.adapt)
    app.add_transform(outputs.StaticOutputs)
    return {"parallel_read_safe": True}
