"""Writes shapes.json: rows of every shape, and what the projects that define a shape read from them.

    python make_shapes.py LLAMA_FACTORY_CHECKOUT MS_SWIFT_CHECKOUT

Run with TRL 1.13.0, hiyouga/LLaMA-Factory at ff6d4d12eeb035d6ce06805a5733dd7b29f2ac30 and modelscope/ms-swift at
3602360a562313afbf2ef6065fdf61f271a2c5b9. Of the two checkouts only the converter of rows is loaded; what it imports beside
that (logging, hub, trainers) is replaced by empty modules.
"""

import copy
import importlib.util
import json
import pathlib
import sys
import types

from trl.data_utils import extract_prompt, maybe_convert_to_chatml

HERE = pathlib.Path(__file__).parent
SKY = "What colour is the sky?"
DIALOGUE = [("user", "Hi"), ("assistant", "Hello."), ("user", SKY)]
SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}


def messages(turns):
    return [{"role": role, "content": content} for role, content in turns]


def sharegpt(turns):
    return [{"from": SHAREGPT[role], "value": content} for role, content in turns]


CHOSEN, REJECTED = ("assistant", "Blue."), ("assistant", "Green.")
SYSTEM = ("system", "Be brief.")

TRL = [
    {"prompt": messages(DIALOGUE), "chosen": messages([CHOSEN]), "rejected": messages([REJECTED])},
    {"chosen": messages(DIALOGUE + [CHOSEN]), "rejected": messages(DIALOGUE + [REJECTED])},
    {"chosen": messages([SYSTEM] + DIALOGUE + [CHOSEN]), "rejected": messages([SYSTEM] + DIALOGUE + [REJECTED])},
    {"chosen": sharegpt([("user", SKY), CHOSEN]), "rejected": sharegpt([("user", SKY), REJECTED])},
    {"prompt": SKY, "chosen": "Blue.", "rejected": "Green."},
    {"chosen": "The sky is blue.", "rejected": "The sky is green."},
]

LLAMA_FACTORY = [
    ("alpaca", {"instruction": SKY, "input": "", "output": "", "chosen": "Blue.", "rejected": "Green."}),
    ("alpaca", {"instruction": SKY, "input": "", "system": "Be brief.", "history": [["Hi", "Hello."], ["And?", "Yes."]],
                "chosen": "Blue.", "rejected": "Green."}),
    ("sharegpt", {"conversations": sharegpt([("user", SKY)]), "chosen": sharegpt([CHOSEN])[0], "rejected": sharegpt([REJECTED])[0]}),
    ("sharegpt", {"conversations": sharegpt([SYSTEM] + DIALOGUE), "chosen": sharegpt([CHOSEN])[0], "rejected": sharegpt([REJECTED])[0]}),
    ("sharegpt", {"conversations": sharegpt(DIALOGUE), "system": "Be brief.", "tools": "", "chosen": sharegpt([CHOSEN])[0],
                  "rejected": sharegpt([REJECTED])[0]}),
    ("sharegpt", {"conversations": sharegpt([SYSTEM] + DIALOGUE), "system": "Another.", "chosen": sharegpt([CHOSEN])[0],
                  "rejected": sharegpt([REJECTED])[0]}),
    ("messages", {"messages": messages(DIALOGUE), "system": "Be brief.", "chosen": messages([CHOSEN])[0],
                  "rejected": messages([REJECTED])[0]}),
    ("alpaca", {"instruction": SKY, "input": "", "output": "Blue.", "system": "Be brief."}),
    ("sharegpt", {"conversations": sharegpt(DIALOGUE + [CHOSEN]), "system": "Be brief."}),
]

MS_SWIFT = [
    {"messages": messages([("user", SKY), CHOSEN]), "rejected_response": "Green."},
    {"messages": messages([SYSTEM] + DIALOGUE + [CHOSEN]), "rejected_response": "Green."},
    {"messages": messages(DIALOGUE + [CHOSEN]), "system": "Be brief.", "rejected_response": "Green."},
    {"messages": messages([SYSTEM] + DIALOGUE + [CHOSEN]), "rejected_messages": messages([SYSTEM] + DIALOGUE + [REJECTED])},
    {"conversations": sharegpt(DIALOGUE + [CHOSEN]), "rejected_response": "Green."},
    {"system": "Be brief.", "conversation": [{"human": "Hi", "assistant": "Hello."}, {"human": SKY, "assistant": "Blue."}],
     "rejected_response": "Green."},
    {"system": "Be brief.", "query": SKY, "response": "Blue.", "history": [["Hi", "Hello."]], "rejected_response": "Green."},
    {"instruction": SKY, "input": "", "output": "Blue.", "rejected_response": "Green."},
    {"messages": messages([("user", SKY)])},
    {"messages": messages([SYSTEM] + DIALOGUE)},
    {"query": SKY, "history": [["Hi", "Hello."]], "system": "Be brief."},
    {"conversation": [{"human": "Hi", "assistant": "Hello."}, {"human": SKY, "assistant": "Blue."}], "system": "Be brief."},
]


def module(name, **members):
    made = types.ModuleType(name)
    for key, value in members.items():
        setattr(made, key, value)
    sys.modules[name] = made
    return made


class Anything:
    def __getattr__(self, name):
        return lambda *args, **kwargs: None


def load(name, file):
    spec = importlib.util.spec_from_file_location(name, file)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def read_with_trl(row):
    row = maybe_convert_to_chatml(copy.deepcopy(row))
    if "prompt" not in row:
        row = extract_prompt(row)
    if isinstance(row["prompt"], str):
        return messages([("user", row["prompt"])]), row["chosen"], row["rejected"]
    assert len(row["chosen"]) == 1 and len(row["rejected"]) == 1
    return row["prompt"], row["chosen"][0]["content"], row["rejected"][0]["content"]


def llama_factory(checkout):
    source = pathlib.Path(checkout) / "src/llamafactory"
    module("lf")
    module("lf.extras", logging=types.SimpleNamespace(get_logger=lambda name: Anything()))
    module("lf.data")
    module("lf.data.data_utils", Role=lambda: None)
    import enum

    sys.modules["lf.data.data_utils"].Role = enum.Enum(
        "Role", {name.upper(): name for name in ("user", "assistant", "system", "function", "observation")}, type=str
    )
    converter = load("lf.data.converter", source / "data/converter.py")
    tags = dict(role_tag="from", content_tag="value", user_tag="human", assistant_tag="gpt", observation_tag="observation",
                function_tag="function_call", system_tag="system")
    columns = dict(tools=None, images=None, videos=None, audios=None, kto_tag=None, backtrack_content=None)

    def read(kind, row):
        attr = types.SimpleNamespace(
            **columns, ranking="chosen" in row, chosen="chosen", rejected="rejected",
            system="system" if "system" in row else None, load_from="file",
        )
        if kind == "alpaca":
            attr.prompt, attr.query, attr.response = "instruction", "input", "output"
            attr.history = "history" if "history" in row else None
            convert = converter.AlpacaDatasetConverter(attr, None)
        else:
            names = dict(tags)
            if kind == "messages":
                names.update(role_tag="role", content_tag="content", user_tag="user", assistant_tag="assistant")
            attr.__dict__.update(names, messages=kind if kind == "messages" else "conversations")
            convert = converter.SharegptDatasetConverter(attr, None)
        out = convert(copy.deepcopy(row))
        system = messages([("system", out["_system"])]) if out["_system"] else []
        prompt = system + [{"role": str(m["role"].value if hasattr(m["role"], "value") else m["role"]), "content": m["content"]}
                           for m in out["_prompt"]]
        replies = [m["content"] for m in out["_response"]]
        return (prompt, *replies) if "chosen" in row else (prompt, None, None)

    return read


def ms_swift(checkout):
    source = pathlib.Path(checkout) / "swift"
    for name in ("modelscope", "modelscope.hub", "modelscope.hub.utils", "swift"):
        module(name)
    module("modelscope.hub.utils.utils", get_cache_dir=lambda: "")
    module("swift.utils", get_logger=lambda: Anything(), is_dist=None, is_master=None, safe_ddp_context=None)
    # The function of this name alone: its module needs a GPU library.
    text = (source / "template/utils.py").read_text()
    start = text.index("def history_to_messages")
    names = {}
    exec("from typing import *\nHistory = list\n" + text[start : text.index("\ndef ", start)], names)
    module("swift.template", history_to_messages=names["history_to_messages"], MaxLengthError=ValueError)
    module("swift.template.template_inputs", normalize_openai_tool_calls=lambda messages: messages)  # no row here calls tools
    core = load("swift_core", source / "dataset/preprocessor/core.py")

    def read(row):
        row = copy.deepcopy(row)
        auto = core.AutoPreprocessor()._get_preprocessor(types.SimpleNamespace(features=row))
        for key, name in auto.columns.items():
            if key in row and key != name and name not in row:
                row[name] = row.pop(key)
        row = auto.preprocess(row)
        auto._check_messages(row)
        turns = row["messages"]
        if "rejected_response" in row:
            auto._check_rejected_response(row)
            return turns[:-1], turns[-1]["content"], row["rejected_response"]
        if "rejected_messages" in row:
            assert turns[:-1] == row["rejected_messages"][:-1]
            return turns[:-1], turns[-1]["content"], row["rejected_messages"][-1]["content"]
        return (turns[:-1] if turns[-1]["role"] == "assistant" else turns), None, None

    return read


def case(by, row, read):
    prompt, chosen, rejected = read
    return {"by": by, "row": row, "prompt": prompt, "chosen": chosen, "rejected": rejected}


def main(llama_factory_checkout, ms_swift_checkout):
    cases = [case("TRL", row, read_with_trl(row)) for row in TRL]
    convert = llama_factory(llama_factory_checkout)
    cases += [case("LLaMA-Factory", row, convert(kind, row)) for kind, row in LLAMA_FACTORY]
    preprocess = ms_swift(ms_swift_checkout)
    cases += [case("ms-swift", row, preprocess(row)) for row in MS_SWIFT]
    lines = ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases)
    (HERE / "shapes.json").write_text("[\n" + lines + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
