"""Fill in the README of a release: how to install the published package, a badge for Binder, absolute links.

The release workflow runs it. The address comes from the platform's variables, so nothing is invented.
"""

import os
import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
INSTALL = "From the package index: `pip install stripe-reports`."


def released(text: str, *, server: str, repository: str, tag: str) -> str:
    """Return the README as it is published.

    Args:
        text: The README of the repository.
        server: Address of the platform.
        repository: Owner and name.
        tag: The tag of the release; links lead to its files.
    """
    binder = "https://mybinder.org"
    badge = f"[![Open in Binder]({binder}/badge_logo.svg)]({binder}/v2/gh/{repository}/{tag})\n"
    text = text.replace("<!-- release: badge -->\n", f"{badge}\n")
    text = text.replace("<!-- release: install -->\n", f"{INSTALL}\n")
    files = f"{server}/{repository}"
    text = re.sub(r'((?:src|srcset)=")(?!https?:)', rf"\g<1>{files}/raw/{tag}/", text)
    text = re.sub(r"(!\[[^\]]*\]\()(?!https?:)", rf"\g<1>{files}/raw/{tag}/", text)
    return re.sub(r"(?<!!)(\[[^\]]*\]\()(?!https?:)", rf"\g<1>{files}/blob/{tag}/", text)


if __name__ == "__main__":
    README.write_text(
        released(
            README.read_text("utf-8"),
            server=os.environ["GITHUB_SERVER_URL"],
            repository=os.environ["GITHUB_REPOSITORY"],
            tag=os.environ["GITHUB_REF_NAME"],
        ),
        "utf-8",
    )
