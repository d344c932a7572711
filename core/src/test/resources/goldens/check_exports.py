#!/usr/bin/env python3
"""Loads model directories that Flipside saved in transformers and compares what the two compute.

Made for transformers 5.17.0 and torch 2.13.0 (CPU, float32). For each directory it fails if transformers sets a weight that the
files lack, finds one that it does not know, or cannot read config.json or the tokenizer; then prints the largest gap between
its numbers and Flipside's, and fails if that exceeds --tolerance (1e-4).

A policy, on texts:
    flipside logprobs --model POLICY --input texts.jsonl --output logprobs.jsonl
    python check_exports.py POLICY --input texts.jsonl --logprobs logprobs.jsonl

A reward model, on texts:
    flipside score --model RM --input texts.jsonl --output scores.jsonl
    python check_exports.py RM --input texts.jsonl --scores scores.jsonl

Either, against a file of make_goldens.py (a fixture loaded and saved again by Flipside must keep its numbers):
    python check_exports.py SAVED_LLAMA SAVED_AGAIN --golden llama.json

Just whether they load, several at once:
    python check_exports.py RUN/policy RUN/reward_model

Input lines are Flipside's: {"id", "prompt", "completion"} as raw text, {"id", "messages"}, for scores also {"id", "text"}; and
{"id", "ids", "prompt_length"} where no tokenizer is to be trusted. Output lines are matched by id: {"id", "token_ids",
"logprobs"} over the completion tokens, {"id", "score"}. The prompt is tokenised here, by transformers; the completion's tokens
are taken from Flipside's line after a check that they decode to the completion. A rendered text gets no further special tokens
if the tokenizer has a chat template, and those that the tokenizer adds by itself if it has none.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer


def load(directory):
    config = AutoConfig.from_pretrained(directory)
    kind = (config.architectures or ["?"])[0]
    auto = AutoModelForSequenceClassification if kind.endswith("ForSequenceClassification") else AutoModelForCausalLM
    model, info = auto.from_pretrained(directory, dtype=torch.float32, output_loading_info=True)
    problems = {key: sorted(map(str, value)) for key, value in info.items() if value}
    if problems:
        raise SystemExit(f"FAIL {directory}: {problems}")
    weights = sum(p.numel() for p in model.parameters())
    print(f"{directory}: {kind}, {weights} weights, nothing missing, nothing unexpected")
    return model.eval()


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines() if line.strip()]


def encode(tokenizer, text, special):
    return tokenizer(text, add_special_tokens=special)["input_ids"]


def prompt_ids(tokenizer, example):
    if "ids" in example:
        return example["ids"][: example["prompt_length"]]
    if "messages" in example:
        text = tokenizer.apply_chat_template(example["messages"][:-1], add_generation_prompt=True, tokenize=False)
        return encode(tokenizer, text, False)
    return encode(tokenizer, example["prompt"], True)


def check_completion(tokenizer, example, ids):
    if "ids" in example:
        if ids != example["ids"][example["prompt_length"] :]:
            raise SystemExit(f"FAIL {example['id']}: other completion tokens than the input's")
        return
    wanted = example["messages"][-1]["content"] if "messages" in example else example["completion"]
    found = tokenizer.decode(ids, skip_special_tokens=True)
    if found.strip() != wanted.strip():
        raise SystemExit(f"FAIL {example['id']}: the completion tokens decode to {found!r}, not to {wanted!r}")


def text_ids(tokenizer, example):
    if "ids" in example:
        return example["ids"]
    has_template = getattr(tokenizer, "chat_template", None) is not None
    if "text" in example:
        return encode(tokenizer, example["text"], not has_template)
    if not has_template:
        ids = encode(tokenizer, example["prompt"], True) + encode(tokenizer, example["completion"], False)
        return ids + [tokenizer.eos_token_id]
    messages = example.get("messages") or [
        {"role": "user", "content": example["prompt"]},
        {"role": "assistant", "content": example["completion"]},
    ]
    return encode(tokenizer, tokenizer.apply_chat_template(messages, tokenize=False), False)


@torch.no_grad()
def logprobs(model, ids, prompt_length, temperature=1.0):
    logits = model(torch.tensor([ids])).logits[0, prompt_length - 1 : -1]
    return torch.log_softmax(logits / temperature, -1).gather(-1, torch.tensor(ids[prompt_length:])[:, None])[:, 0].tolist()


@torch.no_grad()
def score(model, ids):
    return model(torch.tensor([ids])).logits[0, 0].item()


def gap(ours, theirs, what):
    if len(ours) != len(theirs):
        raise SystemExit(f"FAIL {what}: {len(ours)} numbers, transformers has {len(theirs)}")
    return max((abs(a - b) for a, b in zip(ours, theirs)), default=0.0)


def compare_logprobs(model, tokenizer, inputs, outputs):
    largest = 0.0
    for example in inputs:
        line = outputs[example["id"]]
        check_completion(tokenizer, example, line["token_ids"])
        prompt = prompt_ids(tokenizer, example)
        largest = max(largest, gap(line["logprobs"], logprobs(model, prompt + line["token_ids"], len(prompt)), example["id"]))
    return largest


def compare_scores(model, tokenizer, inputs, outputs):
    return max(abs(outputs[e["id"]]["score"] - score(model, text_ids(tokenizer, e))) for e in inputs)


def compare_golden(model, golden):
    if hasattr(model, "score"):
        return max(abs(row["score"] - score(model, row["ids"])) for row in golden["rewards"])
    largest = 0.0
    for row in golden["rows"]:
        for temperature, wanted in row["logprobs"].items():
            largest = max(largest, gap(wanted, logprobs(model, row["ids"], row["prompt_length"], float(temperature)), "golden row"))
    return largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", type=Path)
    parser.add_argument("--input", type=Path, help="the JSONL that `flipside logprobs` or `score` read")
    parser.add_argument("--logprobs", type=Path, help="what `flipside logprobs` wrote")
    parser.add_argument("--scores", type=Path, help="what `flipside score` wrote")
    parser.add_argument("--golden", type=Path, help="NAME.json of make_goldens.py")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()
    if (options.logprobs or options.scores) and not options.input:
        parser.error("--logprobs and --scores need the --input that they answer")
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    failed = False
    for directory in options.directories:
        model = load(directory)
        gaps = {}
        if options.golden:
            gaps["golden"] = compare_golden(model, json.loads(options.golden.read_text()))
        if options.logprobs or options.scores:
            inputs = lines(options.input)
            by_ids = all("ids" in example for example in inputs)
            tokenizer = None if by_ids else AutoTokenizer.from_pretrained(directory)
            for path, compare in ((options.logprobs, compare_logprobs), (options.scores, compare_scores)):
                if path:
                    outputs = {line["id"]: line for line in lines(path)}
                    gaps[path.name] = compare(model, tokenizer, inputs, outputs)
        for what, largest in gaps.items():
            verdict = "ok" if largest <= options.tolerance else "FAIL"
            failed |= verdict == "FAIL"
            print(f"{verdict} {directory} against {what}: largest gap {largest:.3g}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
