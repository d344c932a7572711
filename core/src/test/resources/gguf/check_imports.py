#!/usr/bin/env python3
"""Loads imported fixtures in transformers and compares them with the models that they came from.

    java ... dev.flipside.gguf.ImportFixtures FIXTURES IMPORTED     (in core's test classes)
    python check_imports.py FIXTURES IMPORTED [--keep]

For every NAME: AutoModelForCausalLM loads IMPORTED/NAME without a missing or unexpected weight; its log-probabilities are those of NAME.json within
1e-5; AutoTokenizer gives the ids of NAME.json. With --keep, config.json is then written to FIXTURES/NAME.config.json: a configuration
that passes here is the one that the Java tests hold the import to.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def check(name, fixtures, imported):
    golden = json.loads((fixtures / f"{name}.json").read_text())
    model, info = AutoModelForCausalLM.from_pretrained(imported / name, dtype=torch.float32, output_loading_info=True)
    gap = 0.0
    for row in golden["rows"]:
        ids = torch.tensor([row["ids"]])
        with torch.no_grad():
            logprobs = torch.log_softmax(model.eval()(ids).logits[0, :-1].float(), -1)
        gap = max(gap, (logprobs.gather(1, ids[0, 1:, None])[:, 0] - torch.tensor(row["logprobs"])).abs().max().item())
    tokenizer = AutoTokenizer.from_pretrained(imported / name)
    wrong = [t["text"] for t in golden["texts"] if tokenizer.encode(t["text"], add_special_tokens=False) != t["ids"]
             or tokenizer.encode(t["text"], add_special_tokens=True) != t["with_added"]]
    strangers = {k: list(v) for k, v in info.items() if v}
    print(f"{name:20} {type(model).__name__:24} gap {gap:.1e}  texts {len(golden['texts']) - len(wrong)}/{len(golden['texts'])}"
          f"  {'' if not strangers else strangers} {'' if not wrong else wrong}")
    return gap <= 1e-5 and not wrong and not strangers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fixtures", type=Path)
    parser.add_argument("imported", type=Path)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    failed = False
    for file in sorted(arguments.fixtures.glob("*.gguf")):
        if file.stem.startswith("split-"):
            continue
        if not check(file.stem, arguments.fixtures, arguments.imported):
            failed = True
        elif arguments.keep:
            shutil.copy(arguments.imported / file.stem / "config.json", arguments.fixtures / f"{file.stem}.config.json")
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
