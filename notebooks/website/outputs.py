"""Show forms as a picture: they need a kernel, and scripts that would come from another host."""

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.transforms import SphinxTransform

_WIDGET = "application/vnd.jupyter.widget-view+json"
_ALTERNATIVE = "The form: a report type, a period, what it will do, and the result with its table"


class StaticOutputs(SphinxTransform):
    """Replaces a form with its picture and any other widget with its text, and removes empty outputs."""

    default_priority = 5

    def apply(self, **_: object) -> None:
        """Look at every output of the page."""
        for bundle in list(self.document.findall(nodes.container)):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            shown = {child["mime_type"]: child for child in bundle.children}
            text = shown["text/plain"].astext().strip() if "text/plain" in shown else ""
            if _WIDGET in shown and text.startswith("Explorer"):
                bundle.replace_self(nodes.image(uri="/pictures/form.png", alt=_ALTERNATIVE))
            elif "text/html" in shown and 'class="sr-saved-' in shown["text/html"].astext():
                bundle.parent.remove(bundle)  # what a saved notebook shows instead of the form
            elif _WIDGET in shown:
                bundle.remove(shown[_WIDGET])
            elif shown.keys() == {"text/plain"} and not text:  # progress that was removed at its end
                bundle.parent.remove(bundle)
        # The values of the widgets, which nothing reads without their scripts.
        NbMetadataCollector.get_js_files(self.env, self.env.docname).pop("ipywidgets_state", None)
