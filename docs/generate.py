"""Write what is generated from the code: docs/settings.md, docs/tools.md, and tests/snapshots."""

import json
from pathlib import Path
from typing import Any

from fastmcp.tools import FunctionTool

from qarnot_mcp.server.fastmcp_tools import make_tool
from qarnot_mcp.settings.fields import valid_values
from qarnot_mcp.settings.model import Settings, variables_of
from qarnot_mcp.tools.registry import REGISTRY

ROOT = Path(__file__).parents[1]
SNAPSHOTS = ROOT / "tests" / "snapshots"


def settings_page() -> str:
    """Return the page on the settings."""
    return (
        "# Settings\n\nWritten by `docs/generate.py`.\n\n"
        "They come from the environment and, behind it, from `.env` in the working directory. A value that cannot be\n"
        "used, or a name that is not known, stops the start with one line that says what is valid.\n\n"
        f"{settings_table()}\n"
    )


def settings_table() -> str:
    """Return the Markdown table of all settings."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        first, *others = variables_of(name)
        alias = f" (or `{'`, `'.join(others)}`)" if others else ""
        valid = valid_values(name, field)
        rows.append(f"| `{first}`{alias} | {_shown(field.default)} | {field.description} Valid: {valid}. |")
    return "\n".join(rows)


def _shown(default: object) -> str:
    if default is None or default == []:
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def tools_page() -> str:
    """Return the page on the tools: what each does, takes and returns."""
    sections = [
        "# The tools",
        "Written by `docs/generate.py` from the code. Parameters marked * are required; all others may be left out.",
    ]
    return "\n\n".join([*sections, *(section(make_tool(entry)) for entry in REGISTRY.tools.values())]) + "\n"


def snapshots() -> dict[str, str]:
    """Return what `tools/list` gives a model, by file of `tests/snapshots`: one for each set that has tools."""
    pages = {}
    for toolset in REGISTRY.toolsets:
        listed = [make_tool(entry).to_mcp_tool(name=entry.name) for entry in toolset.tools]
        if listed:
            tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
            pages[f"{toolset.name}.json"] = json.dumps(tools, indent=2, ensure_ascii=False) + "\n"
    return pages


def section(tool: FunctionTool) -> str:
    """Return the section on one tool."""
    required = tool.parameters.get("required", [])
    rows = [
        f"| `{name}`{' *' if name in required else ''} | {kind(schema)} | {cell(schema.get('description', ''))} |"
        for name, schema in tool.parameters["properties"].items()
    ]
    table = "\n".join(["| parameter | type | meaning |", "|---|---|---|", *rows]) if rows else "It takes no parameters."
    fields = "\n".join(
        f"- `{name}`: {kind(schema)}{'. ' + schema['description'] if 'description' in schema else ''}"
        for name, schema in (tool.output_schema or {})["properties"].items()
    )
    return f"## {tool.name}\n\n{tool.description}\n\n{table}\n\nIt answers:\n\n{fields}"


def kind(schema: dict[str, Any]) -> str:
    """Say in words what a JSON schema takes."""
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "anyOf" in schema:
        return " or ".join(kind(part) for part in schema["anyOf"] if part.get("type") != "null")
    if "properties" in schema:
        return f"object ({', '.join(f'`{name}`' for name in schema['properties'])})"
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))


def cell(text: str) -> str:
    """Make a text fit a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the files."""
    (ROOT / "docs" / "settings.md").write_text(settings_page())
    (ROOT / "docs" / "tools.md").write_text(tools_page())
    for page in SNAPSHOTS.glob("*.json"):
        page.unlink()
    for name, text in snapshots().items():
        (SNAPSHOTS / name).write_text(text)


if __name__ == "__main__":
    main()
