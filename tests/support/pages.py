"""Pages of Markdown, and the code as they write it."""

import ast
import inspect
import re
from typing import NamedTuple

from ganzoo import contracts


class Block(NamedTuple):
    """A fenced block: the word after the fence, what is inside, and the line where it starts."""

    language: str
    text: str
    line: int


def blocks(page):
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [Block(m[1], m[2], page.count("\n", 0, m.start()) + 1) for m in found]


def block_below(page, heading):
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return blocks(section)[0].text


def rows(page, heading):
    """The rows of the table under a header line, as lists of cells."""
    lines = page[page.index(heading) :].splitlines()[2:]
    cells = [line.strip("|").split("|") for line in lines[: [*lines, ""].index("")]]
    return [[cell.strip() for cell in row] for row in cells]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def command_lines(page):
    return [line for block in blocks(page) if block.language == "bash" for line in block.text.splitlines()]


def members(contract):
    """The public class attributes and methods that a contract states, as the plan writes them."""
    (tree,) = ast.parse(inspect.getsource(getattr(contracts, contract))).body
    for node in tree.body:
        if isinstance(node, ast.AnnAssign):
            value = f" = {ast.unparse(node.value)}" if node.value else ""
            yield f"{contract}.{ast.unparse(node.target)}: {ast.unparse(node.annotation)}{value}"
        elif isinstance(node, ast.FunctionDef):
            yield f"{contract}.{node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"
