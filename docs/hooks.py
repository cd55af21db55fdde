"""Pages of the site that are made from the tree: the API reference, the commands, the recipes.

mkdocs calls `on_config` and `on_files` once, and the other hooks for each page.
"""

import ast
import json
import logging
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
# Pages that lie outside docs/, and their place in the site.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
# The theme loads this for the search on pages from the disk.
SHIM = '<script src="https://unpkg.com/iframe-worker/shim"></script>'
SEARCH_FROM_DISK = "javascripts/search_from_disk.js"
log = logging.getLogger("mkdocs.hooks.kit")


def on_config(config: Any) -> Any:
    """The navigation of mkdocs.yml, with the pages that are made here at its end."""
    config.nav += [
        {"Reference": [f"api/{name}.md" for name in public_packages()]},
        {"Source of the recipes": [f"recipes/{path.stem}.md" for path in recipes()]},
        {"Project": ["changelog.md", "contributing.md", "security.md"]},
    ]
    return config


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    made = {site: (ROOT / path).read_text() for path, site in PAGES.items()}
    made |= {f"api/{name}.md": api_page(name) for name in public_packages()}
    made["commands.md"] = commands_page()
    made |= {
        f"recipes/{path.stem}.md": f"# {path.name}\n\n```python\n{path.read_text()}```\n"
        for path in recipes()
    }
    made |= {f"tutorials/{path.stem}.md": tutorial_page(path) for path in tutorials()}
    for missing in undocumented():
        log.warning("%s is public and has no docstring", missing)
    for site, text in made.items():
        files.append(File.generated(config, site, content=text))
    for path in sorted([*ROOT.glob("results/*/*.md"), *ROOT.glob("results/*/*.png")]):
        place = str(path.relative_to(ROOT))
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links between files of the repository become links between pages of the site."""
    source = next((p for p, site in PAGES.items() if site == page.file.src_uri), None)
    here = Path(source or f"docs/{page.file.src_uri}").parent

    def moved(link: re.Match[str]) -> str:
        target, anchor = link[2], link[3] or ""
        path = os.path.normpath(here / target)
        if re.match(r"[a-z]+:", target) or not (ROOT / path).exists():
            return link[0]
        site = re.sub(r"^(recipes|docs/tutorials)/(\w+)\.(py|ipynb)$", r"\1/\2.md", path)
        site = PAGES.get(path) or site.removeprefix("docs/")
        if files.get_file_from_path(site) is None:
            # Other files of the repository are no part of the site: the name stays, as code.
            return f"`{path}`" if not link[1].startswith("!") else link[0]
        start = os.path.dirname(page.file.src_uri)
        return f"{link[1]}({os.path.relpath(site, start)}{anchor})"

    return re.sub(r"(!?\[[^\]]*\])\(([^)#\s]+)(#[^)\s]*)?\)", moved, markdown)


def on_post_page(output: str, page: Any, config: Any) -> str:
    return _without_network(output, page.file.dest_uri)


def on_post_template(output: str, template_name: str, config: Any) -> str:
    return _without_network(output, template_name)


def _without_network(html: str, place: str) -> str:
    """Nothing is loaded from elsewhere; the search works on pages from the disk, too."""
    shim = os.path.relpath(SEARCH_FROM_DISK, os.path.dirname(place))
    html = html.replace(SHIM, f'<script src="{shim}"></script>')
    for loaded in re.findall(r'<(?:script|link|img)[^>]*="https?://[^>]*>', html):
        log.warning("%s loads %s", place, loaded)
    return html


def recipes() -> list[Path]:
    return sorted(ROOT.glob("recipes/[!_]*.py"))


def tutorials() -> list[Path]:
    return sorted(ROOT.glob("docs/tutorials/*.ipynb"))


def tutorial_page(path: Path) -> str:
    """The cells of a notebook; readers run it for its outputs."""
    cells = json.loads(path.read_text())["cells"]
    sources = [("".join(cell["source"]), cell["cell_type"]) for cell in cells]
    texts = [f"```python\n{text}\n```" if kind == "code" else text for text, kind in sources]
    texts.insert(1, f'<a href="{path.name}" download>Download the notebook</a>')
    return "\n\n".join(texts)


def api_page(package: str) -> str:
    """The reference of one package: its docstring, and a directive for each public name."""
    docstring = ast.get_docstring(_tree(package)) or ""
    names = "\n".join(f"::: {package}.{name}\n" for name in public_names(package))
    return f"# {package}\n\n{docstring}\n\n{names}"


def public_packages() -> list[str]:
    """Every importable package and module of kit without a leading underscore."""
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(ROOT.glob("kit/**/*.py"))
        if path.name != "prepare.py"  # These make the built-in data and are run, not imported.
    ]
    hidden = re.compile(r"\._|^kit\.(cli|recipes)")  # Commands and recipes have pages.
    return [name for name in modules if not hidden.search(name)]


def public_names(package: str) -> list[str]:
    """What a package re-exports by `from x import Name as Name`, and what it defines."""
    names = []
    for node in _statements(_tree(package)):
        if isinstance(node, ast.ImportFrom):
            if node.module == "kit":
                continue  # Packages, each of which has a page.
            names += [alias.name for alias in node.names if alias.name == alias.asname]
        else:
            names += _defined(node)
    return sorted(name for name in dict.fromkeys(names) if not name.startswith("_"))


def undocumented() -> list[str]:
    """Public names without a docstring."""
    return [
        f"{package}.{name}"
        for package in public_packages()
        for name in public_names(package)
        if not documented(package, name)
    ]


def documented(package: str, name: str) -> bool:
    """Whether a name has a docstring, followed through re-exports."""
    statements = _statements(_tree(package))
    for node, following in zip(statements, [*statements[1:], None], strict=True):
        if isinstance(node, ast.ImportFrom) and name in {alias.asname for alias in node.names}:
            return _file(f"{node.module}.{name}") is not None or documented(str(node.module), name)
        if name in _defined(node):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                return ast.get_docstring(node) is not None
            return isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
    return False


def commands_page() -> str:
    """The help of every command."""
    from kit.cli import main

    pages = ["# Commands", "The help of every command, as it prints it."]
    for name, command in _commands(main, "kit"):
        context = click.Context(command, info_name=name, max_content_width=96, terminal_width=96)
        pages.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```")
    return "\n\n".join(pages)


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _commands(found, f"{name} {child}")


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((p for p in (path / "__init__.py", path.with_suffix(".py")) if p.is_file()), None)


@cache
def _tree(module: str) -> ast.Module:
    path = _file(module)
    assert path is not None, module
    return ast.parse(path.read_text())


def _statements(tree: ast.Module) -> list[ast.stmt]:
    """The top level of a module, with what stands there under `if TYPE_CHECKING`."""
    blocks = [node.body if isinstance(node, ast.If) else [node] for node in tree.body]
    return [node for block in blocks for node in block]


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []
