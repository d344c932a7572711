#!/usr/bin/env python3
"""Writes adapters with PEFT, and the numbers that PEFT and PyTorch compute with them, for LoraGoldenTest.

Made with peft 0.21.2, transformers 5.17.0 and torch 2.13.0 (CPU, float32, one thread); other versions are refused unless
--any-version is given, and the versions used stand in every file.

    python make_adapters.py GOLDENS OUT               # GOLDENS holds the bases that make_goldens.py made
    python make_adapters.py GOLDENS --check DIR...    # scores adapters that Flipside wrote, as JSON on standard output

Per adapter NAME: OUT/NAME/ is what save_pretrained wrote (adapter_config.json with the base's path made relative to the
directory, adapter_model.safetensors), OUT/NAME.json its numbers:
    rows[i]     token ids, where the completion begins, and the log-probabilities of its tokens (a classifier: the score at
                the last token)
    gradient    of sum_ij coefficients[i][j] * logprob_ij (a classifier: sum_i coefficients[i] * score_i) in every weight of
                the adapter, in evaluation mode: its norm and the values at some flat indices
    merged      rows[0]'s numbers again after merge_and_unload
B matrices, magnitudes and saved modules are drawn so that every one of them matters.
"""

import argparse
import json
import math
import os
import random
import sys
from pathlib import Path

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

VERSIONS = {"peft": "0.21.2", "transformers": "5.17.0", "torch": "2.13.0"}
SHAPES = ((7, 1), (23, 9))

# name: (base, task, options)
ADAPTERS = {
    "lora-qv": ("llama", "CAUSAL_LM", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], lora_dropout=0.1)),
    "lora-all": ("qwen3", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules="all-linear")),
    "rslora-biases": ("llama-biases", "CAUSAL_LM", dict(r=4, lora_alpha=6, target_modules="all-linear", use_rslora=True)),
    "dora-biases": ("llama-biases", "CAUSAL_LM", dict(r=4, lora_alpha=6, target_modules="all-linear", use_dora=True)),
    "lora-saved": ("llama", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["o_proj", "up_proj"], modules_to_save=["lm_head", "embed_tokens"])),
    "lora-ranks": ("llama", "CAUSAL_LM", dict(r=4, lora_alpha=8, target_modules=["k_proj", "down_proj"], rank_pattern={"k_proj": 2}, layers_to_transform=[1])),
    # Rotations that scale what they rotate or depend on the length, and norms of single heads.
    "llama-yarn-lora": ("llama-yarn", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules="all-linear")),
    "llama-dynamic-dora": ("llama-dynamic", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["q_proj", "k_proj", "up_proj"], use_dora=True)),
    "stablelm-qk-lora": ("stablelm-qk", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules="all-linear")),
    # Other names, and other forms of a weight in its file: Conv1D, rows by head, fused matrices.
    "gpt2-dora": ("gpt2", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules="all-linear", use_dora=True, modules_to_save=["wpe"])),
    "gpt_neox-dora": ("gpt_neox", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules="all-linear", use_dora=True, modules_to_save=["final_layer_norm"])),
    "phi3-dora": ("phi3", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules="all-linear", use_dora=True)),
    "gemma2-saved": ("gemma2", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["q_proj", "gate_proj"], modules_to_save=["post_feedforward_layernorm"])),
    "starcoder2-saved": ("starcoder2", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules="all-linear", modules_to_save=["post_attention_layernorm"])),
    "mixtral-lora": ("mixtral", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"])),
    "gpt_neox-reward": ("gpt_neox", "SEQ_CLS", dict(r=4, lora_alpha=8, target_modules=["query_key_value"])),
    # Tied and untied vocabulary matrices.
    "head-saved": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["lm_head"])),
    "embedding-saved": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["embed_tokens"])),
    "both-saved": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"])),
    "both-saved-tied": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"], modules_to_save=["embed_tokens"], ensure_weight_tying=True)),
    "head-lora": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "lm_head"])),
    "embedding-lora": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "embed_tokens"])),
    "both-lora": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "embed_tokens", "lm_head"])),
    "both-lora-tied": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "embed_tokens"], ensure_weight_tying=True)),
    "both-dora": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "embed_tokens", "lm_head"], use_dora=True)),
    "llama-both-dora": ("llama", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["v_proj", "embed_tokens", "lm_head"], use_dora=True)),
    "gemma2-both-dora": ("gemma2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "embed_tokens", "lm_head"], use_dora=True)),
    "gemma3-embedding-dora": ("gemma3_text", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "embed_tokens"], use_dora=True)),
    "gpt2-embeddings": ("gpt2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["wte", "wpe", "c_attn"])),
    "gpt_neox-head-rslora": ("gpt_neox", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["dense", "embed_out"], use_rslora=True)),
    "vocabulary-kept": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"])),
    "tokens": ("qwen2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"], trainable_token_indices=[97, 0, 110, 51])),
    "tokens-apart": ("llama", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [97, 110], "lm_head": [48, 9, 62]})),
    "tokens-embedding": ("llama", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"], trainable_token_indices=[82, 0, 86])),
    # Patterns and biases.
    "patterns": ("qwen3", "CAUSAL_LM", dict(r=4, lora_alpha=8, target_modules="all-linear", exclude_modules=["up_proj"], rank_pattern={"k_proj": 2, r"layers\.1\.mlp\.(gate|down)_proj": 3}, alpha_pattern={r"^model\.layers\.0\.self_attn\.q_proj": 5, "v_proj|down_proj": 11})),
    "patterns-rslora-dora": ("llama", "CAUSAL_LM", dict(r=4, lora_alpha=8, target_modules=["q_proj", "o_proj"], layers_to_transform=[1], layers_pattern="layers", alpha_pattern={"q_proj": 3}, use_rslora=True, use_dora=True)),
    "regex-targets": ("llama", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=r".*\.1\.self_attn\.(q|v)_proj")),
    "bias-all": ("llama-biases", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj", "down_proj"], bias="all")),
    "bias-all-dora": ("llama-biases", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "down_proj"], bias="all", use_dora=True)),
    "bias-lora-only": ("llama-biases", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], bias="lora_only")),
    "gpt2-bias-all": ("gpt2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["c_attn"], bias="all")),
    "gpt_neox-bias-all": ("gpt_neox", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["query_key_value"], bias="all", modules_to_save=["final_layer_norm"])),
    "starcoder2-bias-all": ("starcoder2", "CAUSAL_LM", dict(r=2, lora_alpha=4, target_modules=["q_proj"], bias="all", modules_to_save=["o_proj"])),
    "lora-bias": ("llama-biases", "CAUSAL_LM", dict(r=2, lora_alpha=7, target_modules=["q_proj", "v_proj"], lora_bias=True)),
    "lora-bias-all": ("llama-biases", "CAUSAL_LM", dict(r=2, lora_alpha=7, target_modules=["q_proj", "gate_proj"], lora_bias=True, bias="all")),
    "lora-bias-without-place": ("llama", "CAUSAL_LM", dict(r=2, lora_alpha=7, target_modules=["q_proj", "v_proj", "lm_head"], lora_bias=True)),
    # Initialisations that change the base, or freeze a part.
    "pissa": ("llama", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules="all-linear", init_lora_weights="pissa")),
    "pissa-dora": ("qwen3", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights="pissa", use_dora=True)),
    "pissa-head": ("llama", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["k_proj", "lm_head"], init_lora_weights="pissa")),
    "pissa-head-tied": ("qwen2", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["k_proj", "lm_head"], init_lora_weights="pissa")),
    "pissa-patterns": ("llama", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["q_proj", "o_proj"], init_lora_weights="pissa", rank_pattern={"q_proj": 2}, alpha_pattern={"o_proj": 9})),
    "gpt2-pissa": ("gpt2", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["c_attn", "c_proj"], init_lora_weights="pissa")),
    "gpt_neox-pissa": ("gpt_neox", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["query_key_value"], init_lora_weights="pissa")),
    "olora": ("llama", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["q_proj", "gate_proj", "down_proj"], init_lora_weights="olora")),
    "mica": ("llama", "CAUSAL_LM", dict(r=3, lora_alpha=5, target_modules=["q_proj", "down_proj", "embed_tokens"], init_lora_weights="mica")),
    "gaussian": ("llama", "CAUSAL_LM", dict(r=2, lora_alpha=5, target_modules=["q_proj"], init_lora_weights="gaussian")),
    "orthogonal": ("llama", "CAUSAL_LM", dict(r=2, lora_alpha=5, target_modules=["q_proj"], init_lora_weights="orthogonal")),
    "reward-embedding-bias": ("qwen2", "SEQ_CLS", dict(r=2, lora_alpha=4, target_modules=["q_proj", "embed_tokens"], bias="all")),
    "reward-pissa": ("llama", "SEQ_CLS", dict(r=2, lora_alpha=4, target_modules=["q_proj", "down_proj"], init_lora_weights="pissa")),
    "reward-dora": ("llama", "SEQ_CLS", dict(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], use_dora=True)),
}


def number(value):
    return float(f"{float(value):.8g}")


def numbers(values):
    return [number(v) for v in values]


def rows(seed):
    source = random.Random(seed)
    return [([source.randrange(3, 128) for _ in range(tokens)], prompt) for tokens, prompt in SHAPES]


def base_model(goldens, name, task):
    if task == "SEQ_CLS":
        return AutoModelForSequenceClassification.from_pretrained(goldens / name, num_labels=1, dtype=torch.float32, attn_implementation="eager")
    return AutoModelForCausalLM.from_pretrained(goldens / name, dtype=torch.float32, attn_implementation="eager")


def outputs(model, task, ids, prompt):
    if task == "SEQ_CLS":
        return model(torch.tensor([ids])).logits[0, :1]
    logits = model(torch.tensor([ids])).logits[0, prompt - 1 : -1].float()
    return torch.log_softmax(logits, -1).gather(-1, torch.tensor(ids[prompt:])[:, None])[:, 0]


def draw(model, generator):
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if not weight.requires_grad:
                continue
            if "lora_magnitude_vector" in name:
                weight.mul_(torch.empty_like(weight).uniform_(0.7, 1.4, generator=generator))
            elif "lora_A" in name or "lora_B" in name:
                weight.normal_(0.0, 0.25, generator=generator)
            elif "score" in name:
                weight.normal_(0.0, 0.2, generator=generator)
            else:
                weight.add_(torch.empty_like(weight).normal_(0.0, 0.1, generator=generator))


# Where PEFT keeps save_embedding_layers: its own choice ("auto") for vocabulary matrices that are targets.
SAVE_EMBEDDINGS = {"vocabulary-kept": True}


def saved_name(name):
    return name.replace(".modules_to_save.default.", ".").replace(".default", "").replace("lora_magnitude_vector.weight", "lora_magnitude_vector")


def gradient(model, task, all_rows, options):
    model.zero_grad()
    coefficients, total = [], torch.zeros(())
    for i, (ids, prompt) in enumerate(all_rows):
        taken = outputs(model, task, ids, prompt)
        row = numbers([math.sin(1 + i + 0.7 * j) for j in range(len(taken))])
        coefficients.append(row)
        total = total + (torch.tensor(row) * taken).sum()
    total.backward()
    if options.get("ensure_weight_tying"):
        # PEFT lets two parameters share the memory of tied updates, each with its own gradient; the memory's is their sum.
        weights = dict(model.named_parameters())
        for mine, other in (("lora_A", "lora_embedding_B"), ("lora_B", "lora_embedding_A")):
            head = weights.get(f"base_model.model.lm_head.{mine}.default.weight")
            if head is not None:
                weights[f"base_model.model.model.embed_tokens.{other}.default"].grad += head.grad.t()
                head.grad = None
    found = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.grad is not None:
            flat = weight.grad.flatten()
            indices = list(range(0, flat.numel(), max(1, flat.numel() // 7)))
            found[saved_name(name)] = {"norm": number(flat.norm()), "indices": indices, "values": numbers(flat[indices])}
    return {"coefficients": coefficients, "parameters": found}


def versions():
    return {"peft": peft.__version__, "transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}


def make(goldens, out, name):
    base, task, options = ADAPTERS[name]
    torch.manual_seed(3)
    model = get_peft_model(base_model(goldens, base, task), LoraConfig(task_type=task, **options)).eval()
    draw(model, torch.Generator().manual_seed(11))
    directory = out / name
    vocabulary = any(t in options["target_modules"] for t in ("embed_tokens", "lm_head"))
    model.save_pretrained(directory, save_embedding_layers=SAVE_EMBEDDINGS.get(name, "auto" if vocabulary else False))
    (directory / "README.md").unlink(missing_ok=True)
    config = json.loads((directory / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = os.path.relpath(goldens / base, directory)
    (directory / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")

    # The numbers are those of the files, read again.
    again = PeftModel.from_pretrained(base_model(goldens, base, task), directory, is_trainable=True).eval()
    all_rows = rows(5)
    content = {"versions": versions(), "base": base, "task": task, "rows": []}
    with torch.no_grad():
        for ids, prompt in all_rows:
            content["rows"].append({"ids": ids, "prompt_length": prompt, "outputs": numbers(outputs(again, task, ids, prompt))})
        plain = outputs(base_model(goldens, base, task).eval(), task, *all_rows[0]) if task == "CAUSAL_LM" else None
    content["gradient"] = gradient(again, task, all_rows, options)
    with torch.no_grad():
        tied = again.config.tie_word_embeddings and (vocabulary or "wte" in options["target_modules"])
        if tied or name == "lora-bias-without-place":
            # PEFT merges an update of one of two tied matrices into both, and refuses biases without a place.
            content["merged"] = content["rows"][0]["outputs"] if tied else None
        else:
            merged = again.merge_and_unload()
            content["merged"] = numbers(outputs(merged, task, *all_rows[0]))
    if plain is not None:
        assert (plain - torch.tensor(content["rows"][0]["outputs"])).abs().max() > 0.05, "an adapter that could vanish unseen"
    (out / f"{name}.json").write_text(json.dumps(content) + "\n")
    print(name, content["rows"][0]["outputs"][:3], "merged", (content["merged"] or [])[:3], len(content["gradient"]["parameters"]), "weights")


def check(goldens, directories):
    """Log-probabilities or scores of adapters that Flipside wrote, loaded by PEFT on their base."""
    found = {}
    for directory in map(Path, directories):
        config = json.loads((directory / "adapter_config.json").read_text())
        base, task = Path(config["base_model_name_or_path"]), config["task_type"]
        model = base_model(base.parent, base.name, task)
        model = PeftModel.from_pretrained(model, directory).eval()
        with torch.no_grad():
            found[str(directory)] = [numbers(outputs(model, task, ids, prompt)) for ids, prompt in rows(5)]
    json.dump(found, sys.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("goldens", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--check", nargs="+")
    parser.add_argument("--only", nargs="+", help="names of adapters; all by default")
    parser.add_argument("--any-version", action="store_true")
    arguments = parser.parse_args()
    if versions() != VERSIONS and not arguments.any_version:
        raise SystemExit(f"these are {versions()}, not {VERSIONS}")
    torch.set_num_threads(1)
    if arguments.check:
        check(arguments.goldens, arguments.check)
        return
    for name in arguments.only or ADAPTERS:
        make(arguments.goldens, arguments.out, name)


if __name__ == "__main__":
    main()
