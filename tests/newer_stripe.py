"""A Stripe that is newer than the catalogue: the simulator, with requests and answers changed on the way."""

import csv
import io
import json
import re
from urllib.parse import parse_qsl, urlencode

from werkzeug.wrappers import Response


class NewerStripe:
    """A WSGI application: the simulator with newer versions, more columns, more types, more keys and nulls.

    Args:
        simulator: What answers.
        renamed: Ids of its report types, and what they are called here.
        columns: New columns by the name that their type has here: a name, and what its cells are.
        types: Ids of report types that it has besides, with their default columns; they cannot be run.
        keys: Members that every report type has besides.
        without: Members that no report type has.
        nulls: Members of every report type that are null.
        categories: Reporting categories of the simulator, and what they are called here.
        file: Members of every result file that are other ones.
        error: Members of every error that are other ones.
        lists: What every list holds besides.
        only: What every list holds in place of what it should.

    Attributes:
        sent: What was sent to create runs, by name and value.
        broken_runs: Ids of runs that lack nearly everything.
    """

    def __init__(
        self,
        simulator,
        *,
        renamed=(),
        columns=(),
        types=(),
        keys=(),
        without=(),
        nulls=(),
        categories=(),
        file=(),
        error=(),
        lists=(),
        only=(),
    ):
        self.simulator = simulator
        self.renamed, self.columns, self.types = dict(renamed), dict(columns), dict(types)
        self.keys, self.without, self.nulls = dict(keys), tuple(without), tuple(nulls)
        self.categories, self.file, self.error = dict(categories), dict(file), dict(error)
        self.lists, self.only = list(lists), list(only)
        self.sent, self.broken_runs = [], set()
        self._columns_of_run, self._columns_of_file = {}, {}

    def __call__(self, environ, start_response):
        environ = dict(environ)
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        path = environ["PATH_INFO"]
        asked = None
        if environ["REQUEST_METHOD"] == "POST" and path == "/v1/reporting/report_runs":
            asked = self._asked(environ)
        new_file = next((id_ for id_ in self._columns_of_file if f"/{id_}/" in path), None)
        if new_file:
            path = path.replace(new_file, new_file.removesuffix("new"))
        for old, new in self.renamed.items():
            path = re.sub(rf"(?<=/){re.escape(new)}$", old, path)
        environ["PATH_INFO"] = path
        answer = Response.from_app(self.simulator, environ)
        content = answer.get_data()
        answer.headers.remove("Content-Length")  # it will be another
        if answer.is_json:
            content = self._changed(json.loads(self._with_new_names(content.decode())), asked)
            answer = Response(json.dumps(content), answer.status, answer.headers)
        elif new_file and answer.status_code == 200:
            columns = self._columns_of_file[new_file]
            answer = Response(self._with_columns(content, columns), 200, answer.headers)
        return answer(environ, start_response)

    def _asked(self, environ):
        """What was sent, after taking out of the request what the simulator does not know."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        pairs = parse_qsl(body, keep_blank_values=True)
        form = dict(pairs)
        type_ = form["report_type"]
        self.sent.append(pairs)
        columns = [value for name, value in pairs if name.startswith("parameters[columns]")]
        kept = [name for name in columns if name not in self.columns.get(type_, {})]
        back = {new: old for old, new in (self.renamed | self.categories).items()}
        others = [(name, back.get(value, value)) for name, value in pairs if "[columns]" not in name]
        body = urlencode([*others, *((f"parameters[columns][{n}]", name) for n, name in enumerate(kept))])
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body.encode()), str(len(body))
        return columns

    def _with_new_names(self, text):
        for old, new in self.renamed.items():
            text = re.sub(rf"\b{re.escape(old)}(?![0-9.])", new, text)
        return text

    def _changed(self, content, asked):
        match content:
            case {"error": dict(error)}:
                error |= self.error
            case {"object": "list", "data": list(data)}:
                content["data"] = [self._changed(each, None) for each in data]
                if content.get("url") == "/v1/reporting/report_types":
                    content["data"] += [self._new_type(id_, names) for id_, names in self.types.items()]
                content["data"] = self.only or [*self.lists, *content["data"]]
            case {"object": "reporting.report_type", "id": str(id_)}:
                content["version"] = int(id_.rpartition(".")[2])
                if content["default_columns"] is not None:
                    content["default_columns"] += list(self.columns.get(id_, ()))
                content |= self.keys | dict.fromkeys(self.nulls)
                for name in self.without:
                    content.pop(name, None)
            case {"object": "reporting.report_run", "id": str(id_), "report_type": str(type_)}:
                if asked is not None:
                    self._columns_of_run[id_] = asked
                self._change_run(content, self.columns.get(type_, {}), self._columns_of_run.get(id_, []))
                if id_ in self.broken_runs:
                    content = {"id": id_}
        return content

    def _change_run(self, run, new, asked):
        if asked:
            run["parameters"]["columns"] = asked
        added = {name: value for name, value in new.items() if not asked or name in asked}
        if run["result"] is not None:
            run["result"] |= self.file
        if run["result"] is not None and (added or self.categories):
            file = run["result"]
            new_id = f"{file['id']}new"
            self._columns_of_file[new_id] = added
            file |= {"url": file["url"].replace(file["id"], new_id), "id": new_id, "size": None}

    def _new_type(self, id_, default_columns):
        newest = {"data_available_start": 1727740800, "data_available_end": 1793836800, "updated": 1793866000}
        return {
            "id": id_,
            "object": "reporting.report_type",
            "name": "Something new",
            "version": int(id_.rpartition(".")[2]),
            "default_columns": default_columns,
            "livemode": False,
            **newest,
        }

    def _with_columns(self, content, added):
        header, *rows = csv.reader(io.StringIO(content.decode()))
        names = [name for name in header if name not in added] + list(added)
        lines = io.StringIO()
        writer = csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            cells = dict(zip(header, row, strict=True)) | added
            if "reporting_category" in cells:
                category = cells["reporting_category"]
                cells["reporting_category"] = self.categories.get(category, category)
            writer.writerow([cells[name] for name in names])
        return lines.getvalue().encode()
