"""Signatures for help and completion: each option by its name instead of ``**options``."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import Any, TypeVar

__all__ = ["spelled_out"]

_Method = TypeVar("_Method", bound=Callable[..., Any])


def spelled_out(options: type[Any]) -> Callable[[_Method], _Method]:
    """Show the keys of a ``TypedDict`` in the signature of a function that takes them as ``**options``.

    Type checkers read ``Unpack[Options]``; Jupyter's completion and help read the signature.
    """

    def spell_out(method: _Method) -> _Method:
        shown = signature(method)
        named = [each for each in shown.parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        named += [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind.__forward_arg__)
            for name, kind in options.__annotations__.items()
        ]
        method.__signature__ = Signature(named, return_annotation=shown.return_annotation)  # type: ignore[attr-defined]
        return method

    return spell_out
