"""The widget takes one text; the files of its JavaScript are joined to it, and it means what they mean."""

import re
from graphlib import CycleError
from importlib.resources import files

import pytest

from stripe_reports.notebook.form.script import script

FILES = {
    each.name: each.read_text("utf-8")
    for each in sorted(files("stripe_reports.notebook.form").joinpath("front").iterdir(), key=str)
    if each.name.endswith(".js")
}
IMPORTS = {
    name: re.findall(r'^import \{ (.+) \} from "\./(\w+\.js)";$', text, re.MULTILINE)
    for name, text in FILES.items()
}
DECLARED = r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)"
FIRST_LINES = {name: text.partition("\n")[0] for name, text in FILES.items()}


def test_every_file_is_joined_after_those_that_it_imports():
    """The order is computed; a new file needs no entry in a list."""
    joined = script().splitlines()
    place = {name: joined.index(line) for name, line in FIRST_LINES.items()}
    assert len({*FIRST_LINES.values()}) == len(FILES) > 20
    assert [
        (name, needed) for name in FILES for _, needed in IMPORTS[name] if place[needed] > place[name]
    ] == []


def test_only_imports_and_the_word_export_are_dropped():
    """Everything else is there, unchanged, and each file once; the module has its one default export."""
    kept = [
        line.removeprefix("export ") if not line.startswith("export default") else line
        for text in FILES.values()
        for line in text.splitlines()
        if not line.startswith("import ")
    ]
    joined = script().splitlines()
    assert sorted(filter(None, joined)) == sorted(filter(None, kept))
    assert [line for line in joined if line.startswith(("import", "export"))] == ["export default {"]


@pytest.mark.parametrize("name", FILES)
def test_imports_name_what_the_other_file_exports(name):
    """In the one form that the joining knows: one line, from a file beside it, without another name."""
    lines = [line for line in FILES[name].splitlines() if line.startswith("import")]
    assert len(lines) == len(IMPORTS[name])
    for names, needed in IMPORTS[name]:
        exported = re.findall(DECLARED.replace("?:export )?", "?:export )"), FILES[needed], re.MULTILINE)
        assert {*names.split(", ")} <= {*exported}, needed


def test_names_are_unique_because_all_files_share_one_scope():
    """Even those that a file keeps to itself."""
    names = [name for text in FILES.values() for name in re.findall(DECLARED, text, re.MULTILINE)]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert not re.search(r"^(?:export )?(?:const|let|var) [^\w]|^(?:export )?var ", script(), re.MULTILINE)


def test_what_is_exported_is_imported_somewhere():
    """Except by tests; a name that only its own file uses is not exported."""
    exported = {
        name
        for text in FILES.values()
        for name in re.findall(r"^export (?:async )?(?:function|const|let) (\w+)", text, re.MULTILINE)
    }
    imported = {name for found in IMPORTS.values() for names, _ in found for name in names.split(", ")}
    tested_alone = {"cutOff", "isHarmful", "placeBeside", "reportSearch", "selectedIn"}
    assert exported - imported == tested_alone


def test_files_that_import_each_other_are_refused():
    """Their order would be a guess."""
    texts = {
        "a.js": 'import { b } from "./b.js";\n\nexport function a() {}\n',
        "b.js": 'import { a } from "./a.js";\n\nexport function b() {}\n',
    }
    with pytest.raises(CycleError, match=r"a\.js.*b\.js"):
        script("a.js", texts.__getitem__)


def test_a_file_that_two_others_need_is_joined_once():
    texts = {
        "top.js": """\
import { one } from "./one.js";
import { two } from "./two.js";
export default [one, two];
""",
        "one.js": 'import { base } from "./base.js";\n\nexport const one = base;\n',
        "two.js": 'import { base } from "./base.js";\n\nexport const two = base;\n',
        "base.js": "export const base = 1;\n",
    }
    joined = script("top.js", texts.__getitem__).split()
    assert joined.count("base;") == 2
    assert " ".join(joined) in (
        "const base = 1; const one = base; const two = base; export default [one, two];",
        "const base = 1; const two = base; const one = base; export default [one, two];",
    )
