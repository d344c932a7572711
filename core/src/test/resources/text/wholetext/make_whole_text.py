"""Writes what transformers reads and scores of conversations whose replies may merge with their prompts.

    python make_whole_text.py

transformers 5.17.0, tokenizers 0.23.3 and torch 2.13.0 (CPU, float32) made the files kept here:

    line-breaks/    a byte-level tokenizer with Qwen's and Llama 3's split, whose line breaks merge with each other, and letters with a combining accent
    model/          a random classifier with one label, whose ids cover those of all tokenizers here and in ../tokenizers
    golden.json     per tokenizer, template, prompt and reply: the ids of the whole rendered conversation, encoded at once, and their score; the ids
                    of the rendered prompt with its generation prompt, and the score of the prompt alone

A case without a template is the prompt's text, the reply's and EOS behind them, as TRL's reward trainer has it.
"""

import json
import pathlib

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForSequenceClassification, PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LINES = ["the cat and the dog sat there\n\nthen they ran\n\n\non", "user\nassistant\n\nsystem\n\n", "cafe\u0301 te\u0301 ne\u0301 rn\u0301 t\u0301", "Assistant: good Assistant:\n\nYes Assistant: Yes"] * 20
TEMPLATES = {
    "chatml": (HERE / "../templates/chatml.jinja").read_text(),
    "llama-3": (HERE / "../chat_templates/llama-3.jinja").read_text(),
    "zephyr": (HERE / "../chat_templates/zephyr.jinja").read_text(),
    "open": "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}",
    "bare": "{% for m in messages %}{{ m.content }}{% endfor %}",
    "none": None,
}
PROMPTS = ["the cafe", "Name t"]
REPLIES = ["Yes", "\nYes", "\n\nYes\n", " Yes", "\u0301t", "\u0301", "\n", "he cat", ""]


def line_breaks():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=310, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"])
    tokenizer.save(str(HERE / "line-breaks" / "tokenizer.json"), pretty=False)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False, "bos_token": "<|endoftext|>", "eos_token": "<|im_end|>"}
    (HERE / "line-breaks" / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")


def load(directory):
    config = json.loads((directory / "tokenizer_config.json").read_text())
    names = {key: config[key] for key in ("bos_token", "eos_token", "unk_token", "pad_token") if config.get(key)}
    names = {key: name if isinstance(name, str) else name["content"] for key, name in names.items()}
    return PreTrainedTokenizerFast(tokenizer_file=str(directory / "tokenizer.json"), clean_up_tokenization_spaces=False, **names)


def classifier():
    torch.set_num_threads(1)
    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=384, hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        max_position_embeddings=512, num_labels=1, pad_token_id=None, bos_token_id=None, eos_token_id=None,
    )
    model = LlamaForSequenceClassification(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.4)
        model.score.weight.normal_(0, 1)
    model.save_pretrained(HERE / "model")
    return LlamaForSequenceClassification.from_pretrained(HERE / "model").eval()


def score(model, ids):
    with torch.no_grad():
        return round(model(input_ids=torch.tensor([ids])).logits.item(), 7)


def case(tokenizer, template, prompt, reply):
    if template is None:
        bare = tokenizer(prompt)["input_ids"]
        return tokenizer(prompt + reply + tokenizer.eos_token)["input_ids"], bare
    tokenizer.chat_template = template
    messages = [{"role": "user", "content": prompt}]
    whole = messages + [{"role": "assistant", "content": reply}]
    ids = tokenizer.apply_chat_template(whole, tokenize=True, return_dict=True)["input_ids"]
    text = tokenizer.apply_chat_template(whole, tokenize=False)
    assert ids == tokenizer(text, add_special_tokens=False)["input_ids"]
    before = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
    return ids, before


def main():
    (HERE / "line-breaks").mkdir(exist_ok=True)
    line_breaks()
    model = classifier()
    directories = {"line-breaks": HERE / "line-breaks", "tiny-chatml": HERE / "../tiny-chatml"}
    directories |= {name: HERE / "../tokenizers" / name for name in ("byte-level", "llama-bpe", "unigram")}
    cases = []
    for tokens, directory in directories.items():
        tokenizer = load(directory)
        for name, template in TEMPLATES.items():
            if template is None and tokens == "unigram":
                continue  # its post-processor puts EOS behind every text
            for prompt in PROMPTS:
                for reply in REPLIES:
                    try:
                        ids, before = case(tokenizer, template, prompt, reply)
                    except Exception as e:  # a template without its special tokens
                        print(tokens, name, repr(e)[:90])
                        continue
                    merges = before != ids[: len(before)]
                    cases.append(
                        {
                            "tokenizer": tokens, "template": name, "prompt": prompt, "reply": reply, "ids": ids, "score": score(model, ids),
                            "prompt_ids": before, "prompt_score": score(model, before), "merges": merges,
                        }
                    )
    content = {"templates": TEMPLATES, "cases": cases}
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    (HERE / "golden.json").write_text('{"templates": ' + json.dumps(TEMPLATES) + ',\n"cases": [\n' + lines + "\n]}\n")
    for tokens in directories:
        own = [c for c in cases if c["tokenizer"] == tokens]
        print(tokens, len(own), "merging", sum(c["merges"] for c in own), {t: sum(c["merges"] for c in own if c["template"] == t) for t in TEMPLATES})


main()
