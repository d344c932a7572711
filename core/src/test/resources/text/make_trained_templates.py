"""Renders trained_templates.json again with transformers (5.17.0 with Jinja2 3.1.6 made the file kept here).

    python make_trained_templates.py

A case is a template (or the name of a file in chat_templates), what a training's configuration said beside it, and "opening": the line that
Flipside writes before the template when it saves the model. "rendered" is what transformers makes of the saved text with no variable given, and
must equal what it makes of the author's template with everything given; "rendered_thinking" with enable_thinking=True given by the caller.
"""

import datetime
import json
import pathlib

from transformers.utils import chat_template_utils

HERE = pathlib.Path(__file__).parent
FILE = HERE / "trained_templates.json"
MESSAGES = [("system", "Be brief."), ("user", "Hi"), ("assistant", "Yo"), ("user", "Go")]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


class FixedDay(datetime.datetime):
    day = "1999-09-09"

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromisoformat(cls.day + "T00:00:00")


def render(template, **variables):
    messages = [{"role": role, "content": content} for role, content in MESSAGES]
    variables = {**TOKENS, **variables}
    return chat_template_utils.render_jinja_template([messages], chat_template=template, add_generation_prompt=True, **variables)[0][0]


def main():
    chat_template_utils.datetime = FixedDay
    cases = json.loads(FILE.read_text())
    for case in cases:
        jinja = case["jinja"] if "jinja" in case else (HERE / "chat_templates" / (case["file"] + ".jinja")).read_text()
        FixedDay.day = "1999-09-09"
        case["rendered"] = render(case["opening"] + jinja)
        if "rendered_thinking" in case:
            case["rendered_thinking"] = render(case["opening"] + jinja, enable_thinking=True)
        FixedDay.day = case.get("day", FixedDay.day)
        assert case["rendered"] == render(jinja, **case["variables"]), case["name"]
    FILE.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
