"""Writes the expected renderings beside it with transformers' own renderer (5.17.0 with Jinja2 3.1.6 made the files kept here).

    python make_chat_golden.py

chat_templates/golden.json holds, for every template of that folder and every case below, the text or the error;
jinja/snippets.json holds what small templates give, from jinja/snippets.txt. The clock stands at FixedDay.
"""

import copy
import datetime
import json
import pathlib

import jinja2
import jinja2.ext
from transformers.utils import chat_template_utils

HERE = pathlib.Path(__file__).parent
TEMPLATES = HERE / "chat_templates"

# What the tokenizers of these models call their special tokens; the others get <s> and </s>.
TOKENS = {
    "llama-3": ("<|begin_of_text|>", "<|eot_id|>"),
    "qwen": (None, "<|im_end|>"),
    "gemma": ("<bos>", "<eos>"),
    "phi-3": ("<s>", "<|endoftext|>"),
    "phi-4": ("<|endoftext|>", "<|im_end|>"),
    "smollm": ("<|im_start|>", "<|im_end|>"),
    "tulu": ("<|begin_of_text|>", "<|end_of_text|>"),
    "olmo": ("<|endoftext|>", "<|endoftext|>"),
    "deepseek": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
    "granite": ("<|end_of_text|>", "<|end_of_text|>"),
}
UNUSUAL = " \"quoted\" 'single' {{ 1 + 1 }} {% if x %}A{% endif %} {# c #}\n\n\ttab <b>&amp;</b> \\n \u00a0Grüße 你好 👩‍💻\u2028 "
CONVERSATIONS = {
    "user": [("user", "Hi")],
    "system": [("system", "Be brief."), ("user", "Hi")],
    "turns": [("user", "One"), ("assistant", "Two"), ("user", "Three")],
    "system turns": [("system", "Be brief."), ("user", "One"), ("assistant", "Two"), ("user", "Three")],
    "reply": [("user", "One"), ("assistant", "Two")],
    "replies": [("system", "S"), ("user", "One"), ("assistant", "Two"), ("user", "Three"), ("assistant", "Four")],
    "unusual": [("system", UNUSUAL), ("user", UNUSUAL), ("assistant", UNUSUAL), ("user", "\n" + UNUSUAL + "\n")],
    "space": [("user", "  Hi \n"), ("assistant", "\n Two  "), ("user", " ")],
    "empty": [("system", ""), ("user", ""), ("assistant", ""), ("user", "Hi")],
    "thinking": [("user", "One"), ("assistant", "<think>\nhm\n</think>\n\nTwo"), ("user", "Three"), ("assistant", "<think>a</think>b")],
    "two users": [("user", "One"), ("user", "Two")],
    "assistant first": [("assistant", "One"), ("user", "Two")],
    "system last": [("user", "One"), ("system", "Two")],
    "unknown role": [("user", "One"), ("critic", "Two")],
}
# With and without a generation prompt; further variables where a template reads them.
VARIABLES = {
    "enable_thinking": [True, False],
    "reasoning_effort": ["high"],
    "thinking": [True],
    "keep_past_thinking": [True],
    "date_string": ["1 Jan 2025"],
}
EXTRA_CASES = ["user", "system turns", "thinking"]


class AnyGeneration(jinja2.ext.Extension):
    """Lets a template with generation blocks be parsed, so that its variables can be listed."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body).set_lineno(line)


class FixedDay(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2025, 3, 7, 9, 5, 3)


def tokens(name):
    bos, eos = next((pair for prefix, pair in TOKENS.items() if name.startswith(prefix)), ("<s>", "</s>"))
    return {key: token for key, token in (("bos_token", bos), ("eos_token", eos)) if token}


def messages(conversation, parts=False):
    return [
        {"role": role, "content": [{"type": "text", "text": text}] if parts else text} for role, text in conversation
    ]


def rendered(source, chat, **variables):
    try:
        return {"text": chat_template_utils.render_jinja_template([chat], chat_template=source, **variables)[0][0]}
    except Exception as e:
        return {"error": str(e), "refusal": type(e).__name__ == "TemplateError"}


def cases(source):
    environment = jinja2.Environment(extensions=[AnyGeneration, "jinja2.ext.loopcontrols"])
    read = {node.name for node in environment.parse(source).find_all(jinja2.nodes.Name) if node.ctx == "load"}
    for label, conversation in CONVERSATIONS.items():
        for generate in (True, False):
            yield {"case": label, "add_generation_prompt": generate}
        if label in EXTRA_CASES:
            for variable, values in VARIABLES.items():
                if variable in read:
                    for value in values:
                        yield {"case": label, "add_generation_prompt": True, "variables": {variable: value}}
    if "content" in source and ("is string" in source or "is iterable" in source or "is sequence" in source):
        yield {"case": "system turns", "add_generation_prompt": True, "parts": True}


def golden():
    out = {"conversations": {label: messages(chat) for label, chat in CONVERSATIONS.items()}, "templates": {}}
    for path in sorted(TEMPLATES.glob("*.jinja")):
        source = path.read_text()
        results = []
        for case in cases(source):
            chat = messages(CONVERSATIONS[case["case"]], case.get("parts", False))
            variables = {**tokens(path.stem), **case.get("variables", {})}
            results.append(
                {**case, **rendered(source, chat, add_generation_prompt=case["add_generation_prompt"], **variables)}
            )
        out["templates"][path.stem] = {"tokens": tokens(path.stem), "cases": results}
    return out


def snippets():
    chat = messages([("user", " Hi there "), ("assistant", "Yes")])
    sources = (HERE / "jinja" / "snippets.txt").read_text().rstrip("\n").split("\n----\n")
    return [
        {"source": source, **rendered(source, copy.deepcopy(chat), bos_token="<s>", eos_token="</s>")}
        for source in sources
    ]


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def main():
    chat_template_utils.datetime = FixedDay
    write(TEMPLATES / "golden.json", golden())
    write(HERE / "jinja" / "snippets.json", snippets())


if __name__ == "__main__":
    main()
