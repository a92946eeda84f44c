"""Tables of fields, methods and functions, read from the source: types and defaults as their author wrote them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import vmevalkit_core
from tools.docs.markdown import code, first_sentence, table

JSON_WORDS = {
    r"dict\[str, (str|Any)\]": "object",
    r"tuple\[str, \.\.\.\]": "list of text",
    r"tuple\[int, int\]": "list of 2 integers",
    r"tuple\[float, float, float, float\]": "list of 4 numbers",
    r"\bdatetime\b": "time",
    r"\bDecimal\b": "decimal text",
    r"\bstr\b": "text",
    r"\bint\b": "integer",
    r"\bfloat\b": "number",
    r"\bNone\b": "null",
    r"\b[A-Z]\w+": "object",
    r" \| ": " or ",
}
"""What the types of a record are called in its file; applied one after the other."""


class Field(NamedTuple):
    """One field of a class."""

    name: str
    type: str
    default: str
    bounds: str
    doc: str


def field_table(name: str) -> str:
    """The fields of a class: `Need`, or `metadata.Cost` with the types of a JSON file, where each key is present."""
    found = list(fields_of(class_of(name)))
    if name.startswith("metadata."):
        return table(("Field", "Type", "Meaning"), [(code(one.name), _json_type(one.type), _doc(one)) for one in found])
    rows = [(code(one.name), code(one.type), _default(one), _doc(one)) for one in found]
    return table(("Field", "Type", "Default", "Meaning"), rows)


def method_table(name: str, *only: str) -> str:
    """The public methods and properties that a class itself has: those that are named, in that order, or all."""
    found = {node.name: node for node in _methods(class_of(name))}
    rows = [
        (code(signature(found[one])), _paragraph(ast.get_docstring(found[one]), f"{name}.{one}"))
        for one in only or found
    ]
    return table(("Method", "What it does"), rows)


def function_table(*names: str) -> str:
    """Functions by their public names."""
    rows = []
    for name in names:
        node = function_node(getattr(vmevalkit_core, name))
        rows.append((code(signature(node)), _paragraph(ast.get_docstring(node), name)))
    return table(("Function", "What it does"), rows)


def function_node(function: Callable[..., object]) -> ast.FunctionDef:
    """The source of a function, parsed."""
    node = ast.parse(inspect.getsource(function)).body[0]
    assert isinstance(node, ast.FunctionDef)
    return node


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """How a function is called, without `self`; a property reads `name: type`."""
    if any(ast.unparse(mark) == "property" for mark in node.decorator_list):
        return f"{node.name}: {ast.unparse(node.returns) if node.returns else 'Any'}"
    arguments = re.sub(r"^(self|cls)(, )?", "", ast.unparse(node.args))
    prefix = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    returns = "" if node.returns is None or ast.unparse(node.returns) == "None" else f" -> {ast.unparse(node.returns)}"
    return f"{prefix}{node.name}({arguments}){returns}"


def class_of(name: str) -> type:
    """A class by its public name, or by `module.Class`."""
    module, _, attribute = name.rpartition(".")
    home: Any = import_module(f"vmevalkit_core.{module}") if module else vmevalkit_core
    found: type = getattr(home, attribute)
    return found


def fields_of(cls: type) -> Iterator[Field]:
    """The fields that a class itself declares, with the docstring below each."""
    body = _body(cls)
    for statement, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            default, bounds = _value(statement.value)
            type_ = _spelled_out(ast.unparse(statement.annotation), cls)
            yield Field(statement.target.id, type_, default, bounds, _docstring(below))


def _body(cls: type) -> list[ast.stmt]:
    node = ast.parse(inspect.cleandoc("\n" + inspect.getsource(cls))).body[0]
    assert isinstance(node, ast.ClassDef)
    return node.body


def _spelled_out(type_: str, cls: type) -> str:
    """The type, with what an alias of its module stands for in place of the alias."""
    names = vars(import_module(cls.__module__))

    def meant(word: re.Match[str]) -> str:
        found = names.get(word[0])
        if get_origin(found) is Literal:
            return " | ".join(f'"{value}"' for value in get_args(found))
        if get_origin(found) is Annotated:
            return str(get_args(found)[0].__name__)
        return str(found) if get_origin(found) is tuple else word[0]

    return re.sub(r"\b[A-Z]\w+", meant, type_)


def _methods(cls: type) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in _body(cls):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def _value(value: ast.expr | None) -> tuple[str, str]:
    """The default and the bounds of a field; `required` for a field that has no default."""
    if value is None:
        return "required", ""
    if not (isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in ("Field", "field")):
        return ast.unparse(value), ""
    given = {word.arg: word.value for word in value.keywords if word.arg}
    default = value.args[0] if value.args else given.get("default")
    if factory := given.get("default_factory"):
        return _made_by(factory), ""
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    bounds = ", ".join(f"{sign} {ast.unparse(given[key])}" for key, sign in signs.items() if key in given)
    return ast.unparse(default) if default else "required", bounds


def _made_by(factory: ast.expr) -> str:
    if isinstance(factory, ast.Lambda):
        return ""  # how it is made says nothing to a reader
    return {"dict": "{}", "list": "[]"}.get(ast.unparse(factory), f"{ast.unparse(factory)}()")


def _docstring(below: ast.stmt | None) -> str:
    if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
        return below.value.value
    return ""


def _doc(field: Field) -> str:
    if not field.doc:
        raise ValueError(f"the field {field.name} ({field.type}) has no docstring below it")
    return f"{field.doc} ({field.bounds})" if field.bounds else field.doc


def _json_type(text: str) -> str:
    for pattern, word in JSON_WORDS.items():
        text = re.sub(pattern, word, text)
    return re.sub(r'"\w+"', r"`\g<0>`", text)


def _default(field: Field) -> str:
    return field.default if field.default == "required" else code(field.default.replace("'", '"'))


def _paragraph(doc: str | None, name: str) -> str:
    if not doc:
        raise ValueError(f"{name} has no docstring")
    return doc if len(doc) < 600 else first_sentence(doc)
