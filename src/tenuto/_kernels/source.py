# SPDX-License-Identifier: MIT
"""Reads a kernel's syntax tree, refuses what cannot run on the audio thread, and bounds its loops.

What is let through is a small language: numbers, arrays that are there already, if, for, while,
arithmetic, mathematics, and functions in the same language. The tree is changed in two ways: loops
draw on a supply of turns that is filled for each block (no call can go on for ever), and functions
that are called are told apart from all else, so that the compiler can see through them.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
from collections.abc import Sequence
from typing import Any, NoReturn

from .._errors import KernelError
from .program import COUNT, STOP, SUPPLY, Part, Program, plain, refuse
from .vocabulary import REFUSED, is_allowed, why_not


def read(function: Any, parameters: Sequence[str]) -> Program:
    """Read a kernel; `KernelError` names the line that cannot stay, and what to do about it."""
    function = plain(function)
    program = Program()
    _read_part(function, function.__name__, program, [], tuple(parameters))
    return program


def _read_part(
    function: types.FunctionType,
    label: str,
    program: Program,
    callers: list[types.FunctionType],
    parameters: tuple[str, ...] | None,
) -> Part:
    code = function.__code__
    file = code.co_filename
    try:
        lines, first = inspect.getsourcelines(code)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        raise KernelError(
            f'kernel "{label}": the source of {function.__name__}() cannot be read, and without it '
            "no line can be checked: write it in a file or a notebook cell"
        ) from None
    ast.increment_lineno(tree, max(first, 1) - 1)
    found = tree.body[0]
    if isinstance(found, ast.AsyncFunctionDef):
        refuse(label, found.lineno, *REFUSED[ast.AsyncFunctionDef])
    if not isinstance(found, ast.FunctionDef) or found.name != function.__name__:
        raise KernelError(
            f'kernel "{label}": the source of {function.__name__}() is not where it should be: '
            "load the module again, and define the function with def on a line of its own"
        )
    reader = _Reader(function, label, program, callers, parameters, found)
    part = reader.part(file)
    program.parts.append(part)
    return part


class _Reader(ast.NodeTransformer):
    """Checks and changes the tree of one function."""

    def __init__(
        self,
        function: types.FunctionType,
        label: str,
        program: Program,
        callers: list[types.FunctionType],
        parameters: tuple[str, ...] | None,
        tree: ast.FunctionDef,
    ) -> None:
        self.function, self.label, self.program = function, label, program
        self.callers, self.parameters, self.tree = [*callers, function], parameters, tree
        self.file = function.__code__.co_filename
        self.is_kernel = parameters is not None
        tree.args.args = [*tree.args.posonlyargs, *tree.args.args]
        tree.args.posonlyargs = []
        self.arguments = [argument.arg for argument in tree.args.args]
        self.locals = set(self.arguments) | {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self.names: dict[str, Any] = {STOP: RuntimeError, COUNT: len}
        self.calls: dict[str, Part] = {}
        self.outside = dict(function.__globals__)
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                self.outside[name] = cell.cell_contents
            except ValueError:  # not filled yet: the function itself, or one defined later
                self.outside.pop(name, None)

    def part(self, file: str) -> Part:
        """Check everything; the function as it will be compiled."""
        tree = self.tree
        tree.decorator_list, tree.returns = [], None
        for argument in tree.args.args:
            argument.annotation = None
        tree.args.args.append(ast.arg(SUPPLY))
        given = tree.args
        if given.defaults or given.vararg or given.kwonlyargs or given.kwarg:
            self.refuse(tree, "has optional arguments", "a function in a kernel takes plain ones")
        if isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Constant):
            tree.body[0] = ast.copy_location(ast.Pass(), tree.body[0])
        tree.body = [new for node in tree.body for new in self.statements(node)]
        if not self.is_kernel:
            tree.name = f"tenuto_part_{len(self.program.parts)}_{tree.name}"
        module = ast.fix_missing_locations(ast.Module([tree], []))
        return Part(tree.name, self.function.__name__, file, module, self.names, self.calls)

    def statements(self, node: ast.stmt) -> list[ast.stmt]:
        """Visit one statement; it may become several."""
        new = self.visit(node)
        return new if isinstance(new, list) else [new]

    def refuse(self, node: ast.AST, what: str, remedy: str) -> NoReturn:
        own = self.is_kernel
        where = "" if own else f"{self.file} (in {self.function.__name__}())"
        refuse(self.label, getattr(node, "lineno", self.tree.lineno), what, remedy, where)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        why = REFUSED.get(type(node)) or (
            REFUSED[ast.Try] if type(node).__name__ == "TryStar" else None
        )
        if why:
            self.refuse(node, *why)
        if isinstance(node, ast.Compare | ast.BinOp):  # operators know no line of their own
            for operator in node.ops if isinstance(node, ast.Compare) else [node.op]:
                if type(operator) in REFUSED:
                    self.refuse(node, *REFUSED[type(operator)])
        return super().generic_visit(node)

    # -- names and values ---------------------------------------------------------------------

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str | bytes):
            self.refuse(node, "uses a string", "strings take memory: numbers only")
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Store):
            if self.is_kernel and node.id in self.arguments:
                remedy = "write into y[...]" if node.id == "y" else "take another name"
                self.refuse(node, f"gives the name {node.id} to something else", remedy)
        elif node.id not in self.locals:
            self.keep(node, node.id, self.outer(node, node.id))
        return node

    def outer(self, node: ast.AST, name: str) -> Any:
        """What a name outside the function stands for."""
        if name in self.outside:
            return self.outside[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        self.refuse(node, f"uses {name}, which is not defined", "define it before the kernel")

    def keep(self, node: ast.AST, name: str, value: Any) -> None:
        """Take a constant along, if it is one."""
        import numpy as np

        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            self.names[name] = value.copy()
            return
        numbers = value if isinstance(value, tuple) else (value,)
        if all(isinstance(number, bool | int | float | complex | np.number) for number in numbers):
            self.names[name] = value
            return
        kind = type(value).__name__
        if isinstance(value, types.FunctionType | types.BuiltinFunctionType | type):
            self.refuse(node, f"uses {name} as a value", "functions can only be called")
        self.refuse(
            node,
            f"uses {name}, a {kind} that others may change",
            "what changes belongs into state or params; what does not, into a tuple or an array",
        )

    def resolve(self, node: ast.expr) -> tuple[Any, str] | None:
        """The object behind `name` or `module.name`, and how it is written; None: a local value."""
        if isinstance(node, ast.Name):
            if node.id in self.locals:
                return None
            return self.outer(node, node.id), node.id
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value)
            if base is None:
                return None
            owner, words = base
            if not hasattr(owner, node.attr):
                self.refuse(node, f"uses {words}.{node.attr}, which does not exist", "correct it")
            return getattr(owner, node.attr), f"{words}.{node.attr}"
        return None

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = self.resolve(node.value)
        if base is None:
            if isinstance(node.value, ast.Name) and self.is_argument(node.value, 3):
                self.check_parameter(node)
            elif isinstance(node.ctx, ast.Store):
                self.refuse(node, f"sets .{node.attr}", "arrays and numbers have nothing to set")
            return self.generic_visit(node)
        owner, words = base
        if not inspect.ismodule(owner):
            kind = type(owner).__name__
            self.refuse(
                node,
                f"uses {words}.{node.attr}, an attribute of a {kind} that others may change",
                "what changes belongs into state or params",
            )
        value = getattr(owner, node.attr, None)
        short = f"tenuto_{words}_{node.attr}".replace(".", "_")
        self.keep(node, short, value)
        return ast.copy_location(ast.Name(short, ast.Load()), node)

    def is_argument(self, node: ast.Name, position: int) -> bool:
        return self.is_kernel and node.id == self.arguments[position]

    def check_parameter(self, node: ast.Attribute) -> None:
        assert self.parameters is not None
        if isinstance(node.ctx, ast.Store):
            self.refuse(node, f"sets params.{node.attr}", "parameters are set from outside only")
        if node.attr not in self.parameters:
            self.refuse(
                node,
                f"uses params.{node.attr}, which is not declared",
                f"there is {', '.join(self.parameters)}; declare it with "
                f'@tenuto.kernel(params={{"{node.attr}": default}})',
            )

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            if self.is_argument(node.value, 0):
                self.refuse(node, "writes into the input, which other nodes hear", "write into y")
            if self.is_argument(node.value, 3):
                self.refuse(node, "sets a parameter", "parameters are set from outside only")
        return self.generic_visit(node)

    # -- calls ----------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if node.keywords:
            self.refuse(node, "calls with a keyword", "give arguments by their position")
        node.args = [self.visit(argument) for argument in node.args]
        if isinstance(node.func, ast.Name) and self.is_own_name(node.func.id):
            self.refuse(node, "calls itself", "use a loop: depth would have no bound")
        found = self.resolve(node.func)
        if found is None:
            if isinstance(node.func, ast.Attribute):
                self.refuse(
                    node,
                    f"calls the method .{node.func.attr}()",
                    "loop over the elements: a method may make an array or call Python",
                )
            self.refuse(node, "calls a value", "call functions by their own name")
        called, words = found
        called = getattr(called, "py_func", called)
        if is_allowed(called):
            if isinstance(node.func, ast.Name):
                self.names[node.func.id] = called
            else:
                short = f"tenuto_{words}".replace(".", "_")
                self.names[short] = called
                node.func = ast.copy_location(ast.Name(short, ast.Load()), node.func)
            return node
        is_python = isinstance(called, types.FunctionType)
        if not is_python or called.__module__.split(".")[0] in (
            "numpy",
            "random",
            "time",
            "builtins",
        ):
            self.refuse(node, *why_not(called, words))
        if called in self.callers:
            self.refuse(node, f"calls {words}(), which calls it", "use a loop: depth has no bound")
        part = self.program.known.get(called)
        if part is None:
            part = _read_part(called, self.label, self.program, self.callers, None)
            self.program.known[called] = part
        self.calls[part.name] = part
        node.func = ast.copy_location(ast.Name(part.name, ast.Load()), node.func)
        node.args.append(ast.Name(SUPPLY, ast.Load()))
        return node

    def is_own_name(self, name: str) -> bool:
        return name == self.function.__name__ and name not in self.locals

    # -- statements -----------------------------------------------------------------------------

    def visit_Return(self, node: ast.Return) -> ast.AST:
        is_none = isinstance(node.value, ast.Constant) and node.value.value is None
        if self.is_kernel and node.value is not None and not is_none:
            self.refuse(node, "returns a value", "write the output into y[channel, frame]")
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        plain = ast.Assign([node.target], node.value)
        return self.generic_visit(ast.copy_location(plain, node))

    def visit_If(self, node: ast.If) -> ast.AST:
        node.test = self.visit(node.test)
        node.body = self.block(node.body)
        node.orelse = self.block(node.orelse)
        return node

    def block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [new for node in body for new in self.statements(node)]

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        node.target = self.visit(node.target)
        node.iter = self.visit(node.iter)
        over: list[ast.stmt] = []
        if not isinstance(node.iter, ast.Tuple):  # so many as are written there
            name = f"tenuto_over_{len(self.program.loops)}"
            over.append(ast.Assign([ast.Name(name, ast.Store())], node.iter))
            over += self.draw(node, f"{COUNT}({name})")
            node.iter = ast.Name(name, ast.Load())
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return [*(ast.copy_location(new, node) for new in over), node]

    def visit_While(self, node: ast.While) -> ast.AST:
        node.test = self.visit(node.test)
        draw = [ast.copy_location(new, node) for new in self.draw(node, "1")]
        node.body, node.orelse = draw + self.block(node.body), self.block(node.orelse)
        return node

    def draw(self, node: ast.stmt, turns: str) -> list[ast.stmt]:
        """Statements that take turns from the supply, and give up when it is empty."""
        self.program.loops.append((self.file, node.lineno))
        text = (
            f"{SUPPLY}[0] -= {turns}\n"
            f"if {SUPPLY}[0] < 0:\n"
            f"    {SUPPLY}[1] = {len(self.program.loops)}\n"
            f"    raise {STOP}\n"
        )
        new = ast.parse(text).body
        for statement in new:
            for child in ast.walk(statement):
                ast.copy_location(child, node)
        return new
