"""Completion inside the quotes: Tab in ``client.fetch("bal`` offers report types, in ``timezone="Eu`` zones.

IPython completes names, but not the values of a text argument. ``complete`` finds the call and the argument
at the cursor, and the values that this argument accepts; ``install`` adds it to a shell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, signature
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import available_timezones

from stripe_reports import catalog
from stripe_reports.models import base_of
from stripe_reports.notebook.shell import shell
from stripe_reports.planning import intervals, periods

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["complete", "install", "install_in_session"]

_PACKAGE = __name__.partition(".")[0]
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<text>(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|"|')
        (?P<inside>(?:\\.|(?!(?P=quote)).)*)(?P<end>(?P=quote))?)
    |(?P<name>[A-Za-z_][\w.]*)
    |(?P<mark>[()\[\]{},=])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class _Call:
    """An open bracket: the name before it, and the arguments so far."""

    bracket: str
    callee: str
    position: int = 0
    keyword: str | None = None
    texts: dict[str | int, str] = field(default_factory=dict)

    @property
    def argument(self) -> str | int:
        return self.keyword or self.position


def complete(code: str, namespace: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """Complete the quoted text at the end of *code*.

    Args:
        code: Everything up to the cursor.
        namespace: The names of the session; only existing names are looked up.

    Returns:
        The text typed since the quote, and its possible completions, best first; None if the cursor is
        not in an argument of ours.
    """
    open_, typed = _open_calls(code)
    in_list = bool(open_) and open_[-1].bracket == "["
    call = open_[-2 if in_list else -1] if len(open_) > in_list else None
    if typed is None or call is None or call.bracket != "(":
        return None
    function = _ours(call.callee, namespace)
    if function is None:
        return None
    names = _argument_names(function)

    def name_of(argument: str | int) -> str:
        return argument if isinstance(argument, str) else dict(enumerate(names)).get(argument, "")

    given = {name_of(argument): text for argument, text in call.texts.items()}
    return typed, _matching(typed, _choices(name_of(call.argument), given, in_list=in_list))


def _open_calls(code: str) -> tuple[list[_Call], str | None]:
    """Return the brackets open at the end, and the unfinished text, or None if there is none."""
    stack: list[_Call] = []
    name = ""
    for token in _TOKEN.finditer(code):
        kind, text = token.lastgroup, token[0]
        if kind == "text":
            if token["end"] is None:
                can_be = len(token["quote"]) == 1 and "\n" not in text and "f" not in token["prefix"].lower()
                return stack, token["inside"] if can_be else None
            if stack:
                stack[-1].texts.setdefault(stack[-1].argument, token["inside"])
        elif text in _CLOSES:
            stack.append(_Call(text, name))
        elif text in _CLOSES.values():
            if not stack or _CLOSES[stack.pop().bracket] != text:
                return [], None
        elif text == "=" and stack:
            stack[-1].keyword = name
        elif text == "," and stack:
            stack[-1].keyword = None
            stack[-1].position += 1
        if kind == "name":
            name = text
        elif not text.isspace():
            name = ""
    return stack, None


def _ours(callee: str, namespace: Mapping[str, Any]) -> Callable[..., Any] | None:
    """Return the function with that dotted name, if it is one of this package; properties are not called."""
    first, *rest = callee.split(".")
    owner = namespace.get(first)
    if owner is None or len(rest) > 1:
        return None
    module = owner.__name__ if isinstance(owner, ModuleType) else getattr(type(owner), "__module__", "")
    if rest and module.partition(".")[0] != _PACKAGE:
        return None
    where = owner if isinstance(owner, ModuleType) else type(owner)
    function = getattr(where, rest[0], None) if rest else owner
    of_ours = str(getattr(function, "__module__", "")).partition(".")[0] == _PACKAGE
    return function if callable(function) and of_ours else None


def _argument_names(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that can be given by position."""
    by_position = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature(function).parameters.values()
    return [each.name for each in parameters if each.kind in by_position and each.name != "self"]


def _choices(argument: str, given: Mapping[str, str], *, in_list: bool) -> Sequence[str]:
    match argument:
        case "report_type":
            ids = [id_ for id_, type_ in catalog.report_types().items() if type_.superseded_by is None]
            old = [id_ for id_ in catalog.report_types() if id_ not in ids]
            return [*dict.fromkeys(base_of(id_) for id_ in ids), *ids, *old]
        case "period":
            return periods.PRESETS
        case "timezone":
            return sorted(available_timezones())
        case "split":
            return get_args(intervals.Split)
        case "reuse":
            return ("auto", "always", "never")
        case "currency":
            return catalog.CURRENCIES
        case "reporting_category":
            return catalog.categories()
        case "columns":
            names = _columns_of(given.get("report_type", ""))
            return names if in_list else ["all", "default"]
        case _:
            return ()


def _columns_of(report_type: str) -> list[str]:
    types = catalog.report_types()
    versions = [type_ for id_, type_ in types.items() if report_type in (id_, base_of(id_))]
    known = [type_ for type_ in versions if type_.columns] or list(types.values())
    return list(dict.fromkeys(column.name for type_ in reversed(known) for column in type_.columns))


def _matching(typed: str, choices: Iterable[str]) -> list[str]:
    """Return the choices that start with the text; if there are none, those that contain it."""
    low = typed.lower()
    choices = list(choices)
    return [each for each in choices if each.lower().startswith(low)] or [
        each for each in choices if low in each.lower()
    ]


def install(shell: InteractiveShell) -> None:
    """Add completion of our text arguments to an IPython shell; once is enough."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    completer = shell.Completer
    if any(getattr(each, "__module__", "") == __name__ for each in completer.custom_matchers):
        return

    def arguments(context: CompletionContext) -> SimpleMatcherResult:
        found = complete(context.full_text[: _offset(context)], shell.user_ns)
        typed, texts = found or ("", [])
        return {
            "completions": [SimpleCompletion(text, type="value") for text in texts],
            "matched_fragment": typed,
            "suppress": bool(texts),
            "ordered": True,
        }

    completer.custom_matchers.append(context_matcher(identifier=f"{_PACKAGE}.arguments")(arguments))


def install_in_session() -> None:
    """Add completion to the IPython session that runs this code, if there is one."""
    session = shell()
    if session is not None:
        install(session)


def _offset(context: CompletionContext) -> int:
    lines = context.full_text.splitlines(keepends=True)
    return sum(map(len, lines[: context.cursor_line])) + context.cursor_position
