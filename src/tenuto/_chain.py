# SPDX-License-Identifier: MIT
"""Chain: nodes one after the other, kept in a file that people can read and edit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from . import _errors
from ._nodes.base import Node, no_node


class Chain:
    """Nodes one after the other, to be rendered, connected, saved and loaded.

    Parameters
    ----------
    nodes : iterable of Node
        In the order in which sound goes through them.

    Examples
    --------
    >>> import tenuto
    >>> chain = tenuto.Chain([tenuto.Gain(gain_db=-3)])
    >>> print(chain.to_toml().strip())
    [[node]]
    type = "Gain"
    gain_db = -3.0
    >>> tenuto.Chain.from_toml(chain.to_toml())[0].gain_db
    -3.0
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = tuple(nodes)
        for node in self.nodes:
            if not isinstance(node, Node):
                raise TypeError(no_node(node))

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    def __repr__(self) -> str:
        return f"Chain([{', '.join(type(node).__name__ for node in self.nodes)}])"

    def to_toml(self) -> str:
        """The chain as TOML text."""
        import tomlkit

        document, tables = tomlkit.document(), tomlkit.aot()
        for node in self.nodes:
            tables.append(tomlkit.item({"type": type(node).__name__, **node._to_table()}))
        document.append("node", tables)
        return tomlkit.dumps(document)

    @classmethod
    def from_toml(cls, text: str, *, name: str = "the chain") -> Chain:
        """A chain from TOML text.

        Raises
        ------
        FileError
            It is no TOML, or names a node, a key or a value that cannot be; the message says which.
        """
        import tomllib

        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _errors.FileError(f"{name} is no TOML: {error}") from None
        except RecursionError:
            raise _errors.FileError(f"{name} is no chain: its lists are nested too deep") from None
        unknown = [key for key in document if key != "node"]
        if unknown:
            raise _errors.FileError(
                f'{name}: the key "{unknown[0]}" is not known; a chain is a list of [[node]]'
            )
        tables = document.get("node", [])
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            raise _errors.FileError(f'{name}: "node" must be a list: write [[node]] above each')
        return cls(_node(table, f"{name}, node {i}") for i, table in enumerate(tables, 1))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the chain to a TOML file.

        Raises
        ------
        FileError
            It exists already and not `overwrite`, or cannot be written.
        """
        text = self.to_toml()
        try:
            with Path(path).open("w" if overwrite else "x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise _errors.FileError(
                f'"{path}" exists already. Choose another name, or pass overwrite=True.'
            ) from None
        except OSError as error:
            raise _errors.FileError(f'cannot write "{path}": {error.strerror}') from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Chain:
        """Read a chain from a TOML file.

        Raises
        ------
        FileError
            It cannot be read, or `from_toml` refuses what is in it.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise _errors.FileError(f'"{path}" is no text (UTF-8)') from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise _errors.FileError(f'cannot read "{path}": {why}') from error
        return cls.from_toml(text, name=f'"{path}"')


def _node(table: dict[str, Any], where: str) -> Node:
    kinds = node_kinds()
    given = dict(table)
    name = given.pop("type", None)
    if name is None:
        raise _errors.FileError(f'{where}: the key "type" is missing; possible: {_list(kinds)}')
    if not isinstance(name, str) or name not in kinds:
        raise _errors.FileError(f"{where}: type = {name!r} is no node; possible: {_list(kinds)}")
    try:
        return kinds[name]._from_table(given)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise _errors.FileError(f"{where} ({name}): {error}") from error


def _list(kinds: dict[str, type[Node]]) -> str:
    return ", ".join(sorted(kinds))


def node_kinds() -> dict[str, type[Node]]:
    """The public node classes that can stand in a chain."""
    import tenuto

    found = {}
    for name in tenuto.__all__:
        kind = getattr(tenuto, name)
        if isinstance(kind, type) and issubclass(kind, Node) and kind.kind and kind.in_chains:
            found[name] = kind
    return found
