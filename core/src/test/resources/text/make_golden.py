"""Writes golden.json and the tokenizer of tiny-chatml/ with transformers (5.17.0 made the files kept here).

    python make_golden.py STORIES260K_DIR SMOLLM2_DIR

STORIES260K_DIR is the stories260k model directory, SMOLLM2_DIR an unpacked SmolLM2-135M-Instruct. Both are loaded as
PreTrainedTokenizerFast: other classes rebuild the pre-tokenizer and give other ids.
"""

import datetime
import json
import pathlib
import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

HERE = pathlib.Path(__file__).parent
TINY = HERE / "tiny-chatml"
TEXTS = [
    "Once upon a time, there was a little dog named Tim.",
    "",
    " leading space",
    "two\n\nlines\tand a tab ",
    "numbers 12345 and 6.78",
    "Grüße, 你好, 😀!",
    "<|im_start|>user\nHi<|im_end|>\n",
    "<s>[INST] Hi [/INST]",
]
CONVERSATIONS = [
    [("user", "Hi")],
    [("user", "  What is {{ 1 + 1 }}?\n")],
    [("system", "Be brief. "), ("user", "Say {% if x %}A{% endif %} & <b>"), ("assistant", " A ")],
    [("user", "One"), ("assistant", "Two\n"), ("user", "Three"), ("assistant", "Four")],
    [("user", "One"), ("assistant", "<think>\nhm\n</think>\n\nTwo"), ("user", "Three")],
    [("user", "Grüße 😀"), ("assistant", "你好")],
    [("user", "One"), ("user", "Two")],
]


class FixedDay(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2025, 3, 7, 9, 5, 3)


def make_tiny():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    lines = ["user\nassistant\nsystem\nYou are a test", "the cat and the dog sat there and then they ran", "good bad answer question"]
    tokenizer.train_from_iterator(lines * 20, trainer)
    tokenizer.save(str(TINY / "tokenizer.json"), pretty=False)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": {"content": "<|im_start|>", "special": True},
        "eos_token": "<|im_end|>",
        "unk_token": "<|endoftext|>",
        "chat_template": (HERE / "templates" / "default-system.jinja").read_text().rstrip("\n"),
    }
    (TINY / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def load(directory):
    return PreTrainedTokenizerFast(
        tokenizer_file=str(directory / "tokenizer.json"), clean_up_tokenization_spaces=False
    )


def token_cases(tokenizer):
    cases = []
    for text in TEXTS:
        plain = tokenizer.encode(text, add_special_tokens=False)
        special = tokenizer.encode(text, add_special_tokens=True)
        cases.append(
            {
                "text": text,
                "ids": plain,
                "ids_with_special": special,
                "decoded": tokenizer.decode(special, skip_special_tokens=True),
                "decoded_with_special": tokenizer.decode(special, skip_special_tokens=False),
            }
        )
    return cases


def messages_of(conversation):
    return [{"role": role, "content": content} for role, content in conversation]


def renderings(tokenizer, source):
    for conversation in CONVERSATIONS:
        for generate in (True, False):
            case = {"messages": messages_of(conversation), "add_generation_prompt": generate}
            try:
                case["text"] = tokenizer.apply_chat_template(
                    case["messages"], chat_template=source, add_generation_prompt=generate, tokenize=False
                )
            except Exception as e:
                case["error"] = str(e)
            yield case


def main(stories, smollm2):
    make_tiny()
    chat_template_utils.datetime = FixedDay
    named = PreTrainedTokenizerFast(
        tokenizer_file=str(TINY / "tokenizer.json"), bos_token="<|im_start|>", eos_token="<|im_end|>"
    )
    golden = {"templates": {}, "tokens": {}, "smollm2_chat": []}
    for path in sorted((HERE / "templates").glob("*.jinja")):
        golden["templates"][path.stem] = list(renderings(named, path.read_text()))
    golden["tokens"]["stories260k"] = token_cases(load(stories))
    golden["tokens"]["tiny-chatml"] = token_cases(load(TINY))
    golden["tokens"]["smollm2"] = token_cases(load(smollm2))
    smol = load(smollm2)
    template = json.loads((smollm2 / "tokenizer_config.json").read_text())["chat_template"]
    for case in renderings(smol, template):
        case["ids"] = smol.encode(case["text"], add_special_tokens=False)
        golden["smollm2_chat"].append(case)
    (HERE / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
