"""Writes trl-shapes.json: the rows that TRL's own tests, documentation and zen dataset show, and what TRL reads from each.

    python make_trl_shapes.py TRL_CHECKOUT

Run with huggingface/trl at f2cd57710ae345ea6428ae95363267fcf38a3dc8 and TRL 1.13.0. Rows are found as literals in
tests/test_data_utils.py, docs/source/dataset_formats.md and scripts/generate_zen_dataset.py (of the last the first row of each
dataset); equal ones are written once. The functions that are asked are those that TRL's trainers call before a chat template:
maybe_convert_to_chatml and maybe_extract_prompt.
"""

import ast
import copy
import json
import pathlib
import re
import sys

from trl.data_utils import maybe_convert_to_chatml, maybe_extract_prompt

HERE = pathlib.Path(__file__).parent
COLUMNS = {"text", "messages", "conversations", "prompt", "chosen", "rejected", "completion", "completions"}
LOST = ("tool_calls", "thinking", "reasoning_content")


def literals(source):
    """Every dictionary that is a row, or a table of which the first row is taken."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            try:
                value = ast.literal_eval(node)
            except ValueError:
                continue
            if value and all(isinstance(key, str) for key in value) and COLUMNS & set(value) and "type" not in value:
                yield value


def first_row(table):
    """Of a table, written as lists of equal length of texts, messages or flags."""
    lists = [value for value in table.values()]
    if all(isinstance(v, list) and v and not isinstance(v[0], dict) for v in lists) and len({len(v) for v in lists}) == 1:
        return {key: value[0] for key, value in table.items()}
    return table


def blocks(markdown):
    for block in re.findall(r"```python\n(.*?)```", markdown, re.S):
        try:
            yield from literals(block)
        except SyntaxError:
            pass
    for block in re.findall(r"<code>(\{.*?\})</code>", markdown, re.S):
        yield ast.literal_eval(block)


def last(value):
    return value if isinstance(value, str) else value[-1]["content"]


def lost(row):
    """What a text alone cannot hold."""
    text = json.dumps(row)
    return next((key for key in LOST + ("image", "images", "tools", "chat_template_kwargs") if f'"{key}"' in text), None)


def case(where, row):
    read = maybe_extract_prompt(maybe_convert_to_chatml(copy.deepcopy(row)))
    found = {"where": where, "row": row, "lost": lost(row)}
    if "chosen" in read and "prompt" in read:
        found["kind"] = "pair"
        found |= {key: last(read[key]) for key in ("chosen", "rejected")}
        found["prompt"] = read["prompt"]
    elif "prompt" in read:
        found["kind"] = "single reply" if "completion" in read or "completions" in read else "prompt"
        found["prompt"] = read["prompt"]
    elif "messages" in read:
        found["kind"] = "dialogue"
        messages = read["messages"]
        found["prompt"] = messages[:-1] if messages[-1]["role"] == "assistant" else messages
    else:
        found["kind"] = "text"
    return found


checkout = pathlib.Path(sys.argv[1])
rows = [("tests", row) for row in literals((checkout / "tests/test_data_utils.py").read_text())]
rows += [("docs", row) for row in blocks((checkout / "docs/source/dataset_formats.md").read_text())]
rows += [("zen", row) for row in literals((checkout / "scripts/generate_zen_dataset.py").read_text())]
seen = set()
with open(HERE / "trl-shapes.json", "w") as out:
    lines = []
    for where, table in rows:
        row = first_row(table)
        key = json.dumps(row, sort_keys=True)
        if key not in seen:
            seen.add(key)
            lines.append(json.dumps(case(where, row)))
    out.write("[\n" + ",\n".join(lines) + "\n]\n")
