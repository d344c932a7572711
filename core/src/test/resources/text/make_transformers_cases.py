"""Writes transformers_cases.json: what transformers 5.17.0 answers to the cases of its own test suite that a text model's chat has an equal of.

    python make_transformers_cases.py

The names are those of tests/test_tokenization_common.py in huggingface/transformers; templates and messages here are our own.
"""

import json
import pathlib
import tempfile

from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
TOKENIZER = HERE / "tiny-chatml" / "tokenizer.json"
TURNS = [("system", "Be brief."), ("user", "Hi, you"), ("assistant", "Yes. "), ("user", "And?"), ("assistant", " No ")]
PLAIN = "{% for m in messages %}{{ m['role'] + m['content'] }}{% endfor %}"
TRIM = "{%- for m in messages %}\n  {{- '<|im_start|>' + m.role + '\\n' + m.content | trim + '<|im_end|>\\n' }}\n{%- endfor %}"
MASK = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}{% else %}{{ m.content + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}"
BREAK = "\n   {%- for m in messages %}\n   {{- m.role + ' ' + m.content }}\n   {%- if loop.index == 2 %}\n   {%- break %}\n   {%- endif %}\n   {%- endfor %}"
CONTINUE = "{% for m in messages %}{% if m.role == 'user' %}{% continue %}{% endif %}{{ m.content }}|{% endfor %}"
RENDERED = [
    ("test_chat_template_batched", PLAIN),
    ("test_jinja_loopcontrols", BREAK),
    ("test_jinja_loopcontrols", CONTINUE),
    ("test_chat_template_return_assistant_tokens_mask", MASK),
    ("test_continue_final_message_with_trim", TRIM),
]
A, B = "{{ 'a' }}", "{{ 'b' }}"
# What from_pretrained takes for the template of a directory.
FOUND = [
    ("test_chat_template_file_priority", {"tokenizer_config.json": {"chat_template": A}, "chat_template.jinja": B}),
    ("test_chat_template_dict_saving", {"tokenizer_config.json": {"chat_template": [{"name": "two", "template": B}, {"name": "default", "template": A}]}}),
    ("test_chat_template_dict_saving", {"chat_template.jinja": A, "additional_chat_templates/two.jinja": B}),
    ("test_chat_template_dict_saving", {"tokenizer_config.json": {"chat_template": A}, "chat_template.jinja": B, "additional_chat_templates/two.jinja": A}),
    ("test_chat_template_save_loading", {"tokenizer_config.json": {"chat_template": A}}),
    ("test_chat_template_save_loading", {"chat_template.jinja": A}),
    ("test_chat_template_dict", {"tokenizer_config.json": {"chat_template": [{"name": "one", "template": A}]}}),
    ("test_chat_template_dict", {"tokenizer_config.json": {"chat_template": A}, "additional_chat_templates/two.jinja": B}),
    ("no template", {}),
]


def main():
    messages = [{"role": role, "content": content} for role, content in TURNS]
    cases = []
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        (directory / "tokenizer.json").write_text(TOKENIZER.read_text())
        (directory / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
        tokenizer = AutoTokenizer.from_pretrained(directory)
        for name, template in RENDERED:
            text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
            ids = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=True)["input_ids"]
            cases.append({"test": name, "template": template, "messages": messages, "text": text, "ids": list(ids)})
    for name, files in FOUND:
        with tempfile.TemporaryDirectory() as directory:
            directory = pathlib.Path(directory)
            (directory / "tokenizer.json").write_text(TOKENIZER.read_text())
            files = {"tokenizer_config.json": {}, **files}
            files["tokenizer_config.json"]["tokenizer_class"] = "PreTrainedTokenizerFast"
            for file, content in files.items():
                (directory / file).parent.mkdir(exist_ok=True)
                (directory / file).write_text(content if isinstance(content, str) else json.dumps(content))
            tokenizer = AutoTokenizer.from_pretrained(directory)
            case = {"test": name, "files": files}
            try:
                case["text"] = tokenizer.apply_chat_template(messages, tokenize=False)
            except ValueError as error:
                case["error"] = type(error).__name__
            cases.append(case)
    (HERE / "transformers_cases.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
