#!/usr/bin/env python3
"""Writes the golden values that Flipside's decoders and reward models are held against.

Made with transformers 5.17.0 and torch 2.13.0 (CPU, float32, one thread); other versions are refused unless --any-version is
given, and the versions used stand in every file.

    python make_goldens.py OUT                                   # the small random models and their numbers
    python make_goldens.py OUT --stories DIR --smollm2 DIR       # also the numbers of the two real models (weights not copied)

Per small model NAME: OUT/NAME/ is a Hugging Face directory (config.json, safetensors), OUT/NAME.json its numbers. Per family
there is OUT/FAMILY-reward/, a sequence-classification directory with one label, and OUT/FAMILY-reward.json; the families of
FAMILIES have everything in one file, made from a directory in bfloat16 and a head that a test can rebuild. All numbers are
computed from the directory as it was written, read back and cast to float32, one unpadded row at a time.

The models are random, so every feature has to matter for a test to notice its loss: weights have a standard deviation of
0.25, norm weights are uniform in [0.5, 1.5], biases have a standard deviation of 0.3, epsilons are large enough to see, and
texts are longer than the sliding window and than the original context of scaled RoPE. A seed is taken only if greedy decoding
is no coin toss: the two best logits differ by more than 0.01 at each step, no special token is chosen, tokens vary.

Numbers (lists run over the completion tokens ids[prompt_length:]):
    rows[i].logprobs[T]   log_softmax(logits / T) at the token; T is "1.0" or "0.7"
    rows[i].entropies[T]  entropy of softmax(logits / T) before the token, in nats
    greedy                prompt, the argmax tokens that follow it, and the smallest gap between the two best logits
    gradient              of sum_ij coefficients[i][j] * logprob_ij at `temperature` (reward files: of sum_i coefficients[i] *
                          score_i): per parameter the Euclidean norm and the values at some flat indices
    rows[i].cached_logprobs  with dynamic RoPE: log_softmax(logits) when the prompt is followed token by token through the cache; the
                          greedy tokens have `cached` ones too
    rewards[i]            ids, the score transformers gives in a right-padded batch, and the position it reads: the right-most
                          token that is not config.pad_token_id, so a text that ends in the pad id is read too early
    rewards[i].score_at_end    the score at the last token (what a config without a pad id gives for a single row)
    rewards[i].prefix_scores   the score at every position
    reward_gradient       over two pairs, texts 0 and 1, texts 2 and 3, of the Bradley-Terry loss plus (chosen + rejected)^2 / 2
    gradient_balanced     `gradient` plus that of router_aux_loss_coef times transformers' load-balancing loss, whose value it holds
"""

import argparse
import copy
import json
import math
import random
import shutil
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification
from transformers.modeling_layers import GenericForSequenceClassification
from transformers.models.granite.modeling_granite import GranitePreTrainedModel

VERSIONS = {"transformers": "5.17.0", "torch": "2.13.0"}
TEMPERATURES = (1.0, 0.7)
PAD, BOS, EOS = 0, 1, 2
VOCABULARY = 128
# (tokens, prompt tokens): one short row, one beyond the window of 8, one beyond the original context of 32 tokens.
ROW_SHAPES = ((7, 1), (26, 9), (44, 17))
GREEDY_PROMPT, GREEDY_TOKENS = 11, 16
LEAST_GAP = 0.01


def base(model_type, **changes):
    fields = dict(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=128, rms_norm_eps=0.02, tie_word_embeddings=False, pad_token_id=PAD, bos_token_id=BOS, eos_token_id=EOS,
    )
    fields.update(changes)
    return AutoConfig.for_model(model_type, **fields)


def rope(theta, **scaling):
    return {"rope_type": "default", "rope_theta": theta, **scaling}


LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)

# name: (config, old-style config.json, dtype on disk, largest shard)
MODELS = {
    "llama": (lambda: base("llama", rope_parameters=rope(10000.0)), True, torch.float32, None),
    "llama-llama3-rope": (lambda: base("llama", head_dim=16, rope_parameters=rope(500.0, **LLAMA3)), False, torch.float32, None),
    "llama-llama3-rope-old": (lambda: base("llama", head_dim=16, tie_word_embeddings=True, rope_parameters=rope(500.0, **LLAMA3)), True, torch.float32, None),
    "llama-linear-rope": (lambda: base("llama", rope_parameters=rope(10000.0, rope_type="linear", factor=4.0)), True, torch.float32, None),
    "llama-biases": (lambda: base("llama", attention_bias=True, mlp_bias=True, tie_word_embeddings=True, head_dim=12, rope_parameters=rope(10000.0)), False, torch.float32, None),
    "llama-sharded": (lambda: base("llama", num_hidden_layers=3, num_key_value_heads=4, rope_parameters=rope(10000.0)), False, torch.float32, "24KB"),
    "mistral": (lambda: base("mistral", sliding_window=8, rope_parameters=rope(10000.0)), True, torch.float32, None),
    "mistral-float16": (lambda: base("mistral", sliding_window=None, head_dim=10, num_key_value_heads=1, rope_parameters=rope(1000000.0)), False, torch.float16, None),
    "qwen2": (lambda: base("qwen2", tie_word_embeddings=True, rope_parameters=rope(1000000.0), sliding_window=8), True, torch.float32, None),
    "qwen2-window": (lambda: base("qwen2", num_hidden_layers=3, use_sliding_window=True, sliding_window=8, max_window_layers=1, rope_parameters=rope(10000.0)), True, torch.float32, None),
    "qwen3": (lambda: base("qwen3", head_dim=16, rope_parameters=rope(10000.0)), False, torch.float32, None),
    "qwen3-bfloat16": (lambda: base("qwen3", head_dim=10, tie_word_embeddings=True, use_sliding_window=True, sliding_window=8, max_window_layers=1, rope_parameters=rope(10000.0)), False, torch.bfloat16, None),
}
LONGROPE = dict(
    rope_type="longrope", original_max_position_embeddings=32,
    short_factor=[1.0, 1.1, 1.3], long_factor=[1.5, 2.5, 4.0],
)


def gemma(model_type, **changes):
    return base(model_type, num_hidden_layers=3, hidden_activation="gelu_pytorch_tanh", tie_word_embeddings=True, head_dim=12, query_pre_attn_scalar=20, sliding_window=8, **changes)


# Families that have no fixture of a classifier: their causal model's directory, in bfloat16, has the scores too (with_sine_head).
# name: (config, old-style config.json)
FAMILIES = {
    "gpt_neox": (lambda: base("gpt_neox", num_key_value_heads=None, layer_norm_eps=0.02, rope_parameters=rope(10000.0, partial_rotary_factor=0.5)), False),
    "gpt_neox-sequential": (lambda: base("gpt_neox", num_key_value_heads=None, layer_norm_eps=0.02, use_parallel_residual=False, attention_bias=False, rope_parameters=rope(500.0, partial_rotary_factor=0.25)), False),
    "gemma3_text": (lambda: gemma("gemma3_text", layer_types=["sliding_attention", "sliding_attention", "full_attention"], rope_parameters={"sliding_attention": rope(100.0), "full_attention": rope(10000.0, rope_type="linear", factor=4.0)}), False),
    "gpt2": (lambda: base("gpt2", n_inner=40, tie_word_embeddings=True, layer_norm_epsilon=0.02, num_key_value_heads=None), False),
    "gemma2": (lambda: gemma("gemma2", attn_logit_softcapping=2.0, final_logit_softcapping=5.0, rope_parameters=rope(10000.0)), False),
    "olmo2": (lambda: base("olmo2", rope_parameters=rope(10000.0)), False),
    "phi3": (lambda: base("phi3", rope_parameters=rope(10000.0)), False),
    "phi3-longrope": (lambda: base("phi3", sliding_window=20, original_max_position_embeddings=32, rope_parameters=rope(10000.0, partial_rotary_factor=0.75, **LONGROPE)), False),
    "smollm3": (lambda: base("smollm3", num_hidden_layers=3, no_rope_layers=[1, 0, 1], tie_word_embeddings=True, rope_parameters=rope(10000.0)), False),
    "granite": (lambda: base("granite", embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.2, logits_scaling=1.7, rope_parameters=rope(10000.0)), False),
    "starcoder2": (lambda: base("starcoder2", sliding_window=8, norm_epsilon=0.02, tie_word_embeddings=True, rope_parameters=rope(10000.0)), False),
    "stablelm": (lambda: base("stablelm", layer_norm_eps=0.02, use_qkv_bias=True, rope_parameters=rope(10000.0, partial_rotary_factor=0.25)), False),
    "stablelm-qk": (lambda: base("stablelm", layer_norm_eps=0.02, use_parallel_residual=True, qk_layernorm=True, rope_parameters=rope(10000.0, partial_rotary_factor=0.5)), False),
    "gpt2-inverse": (lambda: base("gpt2", n_inner=40, tie_word_embeddings=True, layer_norm_epsilon=0.02, num_key_value_heads=None, scale_attn_by_inverse_layer_idx=True, activation_function="relu2"), False),
    "llama-yarn": (lambda: base("llama", head_dim=16, rope_parameters=rope(500.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=32)), False),
    "qwen2-yarn": (lambda: base("qwen2", tie_word_embeddings=True, rope_parameters=rope(500.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=32, attention_factor=1.3, beta_fast=8, beta_slow=0.5), sliding_window=8), True),
    "qwen3-yarn": (lambda: base("qwen3", head_dim=16, rope_parameters=rope(500.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=32, mscale=1.0, mscale_all_dim=0.4, truncate=False)), False),
    "gpt_neox-yarn": (lambda: base("gpt_neox", num_key_value_heads=None, layer_norm_eps=0.02, rope_parameters=rope(500.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=32, partial_rotary_factor=0.5)), False),
    "gemma3_text-yarn": (lambda: gemma("gemma3_text", layer_types=["sliding_attention", "sliding_attention", "full_attention"], rope_parameters={"sliding_attention": rope(100.0), "full_attention": rope(500.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=32, truncate=False)}), False),
    "llama-dynamic": (lambda: base("llama", max_position_embeddings=20, rope_parameters=rope(500.0, rope_type="dynamic", factor=2.0)), True),
    "gpt_neox-dynamic": (lambda: base("gpt_neox", num_key_value_heads=None, layer_norm_eps=0.02, max_position_embeddings=20, rope_parameters=rope(500.0, rope_type="dynamic", factor=3.0, partial_rotary_factor=0.5)), False),
    "stablelm-parallel": (lambda: base("stablelm", layer_norm_eps=0.02, use_parallel_residual=True, rope_parameters=rope(10000.0, partial_rotary_factor=0.5)), False),
    "mixtral": (lambda: base("mixtral", num_local_experts=4, num_experts_per_tok=2, output_router_logits=True, router_aux_loss_coef=0.5, rope_parameters=rope(10000.0)), False),
    "qwen3_moe": (lambda: base("qwen3_moe", num_hidden_layers=3, head_dim=16, num_local_experts=5, num_experts_per_tok=2, moe_intermediate_size=24, mlp_only_layers=[1], norm_topk_prob=True, output_router_logits=True, router_aux_loss_coef=0.5, rope_parameters=rope(10000.0)), False),
    "qwen3_moe-unnormalised": (lambda: base("qwen3_moe", head_dim=16, num_local_experts=3, num_experts_per_tok=2, moe_intermediate_size=24, norm_topk_prob=False, rope_parameters=rope(10000.0)), False),
}
GRADIENTS_OF = ("llama", "qwen3")
REWARDS = {"llama": False, "mistral": True, "qwen2": False, "qwen3": True}  # family: old-style config.json


def draw(model, generator):
    """Random weights under which every part of the model matters."""
    plus_one = model.config.model_type.startswith("gemma")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("norm.weight", "ln_1.weight", "ln_2.weight", "ln_f.weight")):
                weight.uniform_(*((-0.5, 0.5) if plus_one else (0.5, 1.5)), generator=generator)
            elif name == "score.weight":
                weight.normal_(0.0, 0.2, generator=generator)
            elif plus_one and "embed_tokens" in name:
                # Scaled by the root of the width; larger, and the tied head would repeat the last token for ever.
                weight.normal_(0.0, 0.08, generator=generator)
            else:
                weight.normal_(0.0, 0.3 if name.endswith("bias") else 0.25, generator=generator)


def to_old_style(directory, window):
    """config.json as transformers 4 wrote it: rope_theta and rope_scaling on top, torch_dtype, no layer_types."""
    path = directory / "config.json"
    config = json.loads(path.read_text())
    parameters = config.pop("rope_parameters")
    config["rope_theta"] = parameters.pop("rope_theta")
    kind = parameters.pop("rope_type")
    if kind == "default":
        config["rope_scaling"] = None
    else:
        # The oldest configs say "type" where later ones say "rope_type".
        config["rope_scaling"] = {"type" if kind in ("linear", "yarn") else "rope_type": kind, **parameters}
    config["torch_dtype"] = config.pop("dtype")
    config.pop("layer_types", None)
    config.pop("head_dim", None) if config["model_type"] == "mistral" else None
    if window is not None:
        config["sliding_window"] = window
    config["transformers_version"] = "4.46.0"
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def random_rows(seed):
    source = random.Random(seed)
    return [([source.randrange(3, VOCABULARY) for _ in range(tokens)], prompt) for tokens, prompt in ROW_SHAPES]


def number(value):
    """Eight significant digits: float32 has seven, and the files stay small."""
    return float(f"{float(value.detach() if torch.is_tensor(value) else value):.8g}")


def numbers(values):
    return [number(v) for v in values]


def is_dynamic(model):
    return (getattr(model.config, "rope_parameters", None) or {}).get("rope_type") == "dynamic"


def forget_longer_texts(model):
    """transformers' dynamic RoPE remembers the longest text so far; here every text that begins anew finds it as it was loaded."""
    for module in model.modules():
        if hasattr(module, "original_inv_freq"):
            def reset(rotary, args, kwargs):
                positions = kwargs.get("position_ids", args[1] if len(args) > 1 else None)
                if positions[0, 0] == 0:
                    rotary.inv_freq = rotary.original_inv_freq
                    rotary.max_seq_len_cached = rotary.original_max_seq_len
            module.register_forward_pre_hook(reset, with_kwargs=True)


def cached_logprobs(model, ids, prompt_length):
    with torch.no_grad():
        out = model(torch.tensor([ids[:prompt_length]]), use_cache=True)
        found = []
        for token in ids[prompt_length:]:
            found.append(torch.log_softmax(out.logits[0, -1].float(), -1)[token])
            out = model(torch.tensor([[token]]), past_key_values=out.past_key_values, use_cache=True)
    return numbers(found)


def completion_logprobs(model, ids, prompt_length, temperature):
    logits = model(torch.tensor([ids])).logits[0, prompt_length - 1 : -1].float()
    logprobs = torch.log_softmax(logits / temperature, -1)
    taken = logprobs.gather(-1, torch.tensor(ids[prompt_length:])[:, None])[:, 0]
    return taken, -(logprobs.exp() * logprobs).sum(-1)


def row_numbers(model, ids, prompt_length):
    row = {"ids": ids, "prompt_length": prompt_length, "logprobs": {}, "entropies": {}}
    with torch.no_grad():
        for temperature in TEMPERATURES:
            taken, entropy = completion_logprobs(model, ids, prompt_length, temperature)
            row["logprobs"][str(temperature)] = numbers(taken)
            row["entropies"][str(temperature)] = numbers(entropy)
    if is_dynamic(model):
        row["cached_logprobs"] = cached_logprobs(model, ids, prompt_length)
    return row


def greedy_numbers(model, prompt, count):
    """Argmax tokens by repeated full passes, checked against generate() with its cache."""
    ids, gaps = list(prompt), []
    with torch.no_grad():
        for _ in range(count):
            best = model(torch.tensor([ids])).logits[0, -1].topk(2)
            gaps.append((best.values[0] - best.values[1]).item())
            ids.append(best.indices[0].item())
        tokens = ids[len(prompt) :]
        cached = model.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False, min_new_tokens=1,
            max_new_tokens=count, eos_token_id=-1, pad_token_id=PAD, return_dict_in_generate=True, output_logits=True,
        )
    if is_dynamic(model):
        best = [logits[0].topk(2).values for logits in cached.logits]
        gaps += [(b[0] - b[1]).item() for b in best]
        return {"prompt": list(prompt), "tokens": tokens, "cached": cached.sequences[0, len(prompt) :].tolist(), "least_gap": number(min(gaps))}
    if min(gaps) > LEAST_GAP and cached.sequences[0, len(prompt) :].tolist() != tokens:
        raise AssertionError("generate() and full passes disagree")
    return {"prompt": list(prompt), "tokens": tokens, "least_gap": number(min(gaps))}


def gradients_as_stored(model):
    """Gradients by the names and in the layout of the model's files, which are not always those of its parameters."""
    like = copy.deepcopy(model)
    with torch.no_grad():
        for weight, source in zip(like.parameters(), model.parameters(), strict=True):
            weight.copy_(torch.zeros_like(source) if source.grad is None else source.grad)
    with tempfile.TemporaryDirectory() as folder:
        like.save_pretrained(folder)
        return load_file(Path(folder) / "model.safetensors")


def gradient_numbers(model):
    gradients = {}
    for name, gradient in gradients_as_stored(model).items():
        flat = gradient.flatten()
        step = max(1, flat.numel() // 23)
        indices = list(range(0, flat.numel(), step))
        gradients[name] = {"norm": number(flat.norm()), "indices": indices, "values": numbers(flat[indices])}
    return gradients


def logprob_gradient(model, rows, temperature=0.7):
    model.zero_grad()
    coefficients, total = [], torch.zeros(())
    for i, (ids, prompt_length) in enumerate(rows):
        taken, _ = completion_logprobs(model, ids, prompt_length, temperature)
        row = numbers([math.sin(1 + i + 0.7 * j) for j in range(len(taken))])
        coefficients.append(row)
        total = total + (torch.tensor(row) * taken).sum()
    total.backward()
    return {"temperature": temperature, "coefficients": coefficients, "parameters": gradient_numbers(model)}


def load(auto, directory):
    """The model as transformers reads it, refusing a directory that leaves weights unset or unused."""
    model, info = auto.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    problems = {key: value for key, value in info.items() if value}
    if problems:
        raise AssertionError(f"{directory}: {problems}")
    if is_dynamic(model):
        forget_longer_texts(model)
    return model.eval()


def write_model(auto, config, directory, generator, old_style, dtype, shard):
    model = auto.from_config(config)
    draw(model, generator)
    model = model.to(dtype)
    shutil.rmtree(directory, ignore_errors=True)
    model.save_pretrained(directory, **({"max_shard_size": shard} if shard else {}))
    if old_style:
        # transformers drops the window of a config that does not use it; real Qwen2 files name one all the same.
        to_old_style(directory, 8 if config.model_type == "qwen2" else None)
    return load(auto, directory)


def versions():
    return {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}


def write_json(path, content):
    path.write_text(json.dumps({"versions": versions(), **content}) + "\n")


def small_causal(out, name):
    make, old_style, dtype, shard = MODELS[name]
    for seed in range(1000):
        generator = torch.Generator().manual_seed(seed)
        model = write_model(AutoModelForCausalLM, make(), out / name, generator, old_style, dtype, shard)
        rows = random_rows(seed)
        greedy = greedy_numbers(model, rows[1][0][:GREEDY_PROMPT], GREEDY_TOKENS)
        tokens = greedy["tokens"]
        if greedy["least_gap"] > LEAST_GAP and len(set(tokens)) >= 8 and not {PAD, BOS, EOS} & set(tokens):
            break
    content = {"seed": seed, "rows": [row_numbers(model, *row) for row in rows], "greedy": greedy}
    if name in GRADIENTS_OF:
        content["gradient"] = logprob_gradient(model, rows)
    write_json(out / f"{name}.json", content)
    print(f"{name}: seed {seed}, least gap {greedy['least_gap']:.3f}, logprobs {content['rows'][2]['logprobs']['1.0'][:3]}")


def reward_numbers(model, texts):
    """Scores in one right-padded batch, the positions read, and the scores at every position of the single rows."""
    pad = model.config.pad_token_id
    width = max(map(len, texts))
    with torch.no_grad():
        batch = torch.tensor([ids + [pad] * (width - len(ids)) for ids in texts])
        mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in texts])
        scores = model(batch, attention_mask=mask).logits[:, 0]
        if (getattr(model.config, "rope_parameters", None) or {}).get("rope_type") in ("longrope", "dynamic"):
            # In transformers the longest row of a batch decides how all are rotated.
            scores = torch.stack([model(torch.tensor([ids])).logits[0, 0] for ids in texts])
        rows = []
        for ids, score in zip(texts, scores):
            every = model.score(model.base_model(torch.tensor([ids])).last_hidden_state)[0, :, 0]
            position = max(i for i, token in enumerate(ids) if token != pad)
            alone = model(torch.tensor([ids])).logits[0, 0]
            assert abs(score - every[position]) < 1e-4 and abs(alone - every[position]) < 1e-4, (score, alone, every)
            rows.append({"ids": ids, "score": number(score), "position": position, "score_at_end": number(every[-1])})
            if len(ids) <= 64:
                rows[-1]["prefix_scores"] = numbers(every)
    return rows


def small_reward(out, family):
    make, _, dtype, _ = MODELS[family]
    config = make()
    config.num_labels = 1
    directory = out / f"{family}-reward"
    generator = torch.Generator().manual_seed(7)
    model = write_model(AutoModelForSequenceClassification, config, directory, generator, REWARDS[family], dtype, None)
    texts = [ids for ids, _ in random_rows(7)]
    texts += [texts[1][:20] + [EOS], texts[1][:15] + [PAD], texts[2][:30] + [PAD, PAD], texts[2][:10] + [PAD] + texts[2][11:13]]
    content = {"seed": 7, "pad_token_id": PAD, "rewards": reward_numbers(model, texts)}
    model.zero_grad()
    coefficients = [0.5, -1.0, 0.75]
    sum(c * model(torch.tensor([ids])).logits[0, 0] for c, ids in zip(coefficients, texts)).backward()
    content["gradient"] = {"coefficients": coefficients, "parameters": gradient_numbers(model)}
    write_json(out / f"{family}-reward.json", content)
    print(f"{family}-reward: {[row['score'] for row in content['rewards']]}")


class GraniteForSequenceClassification(GenericForSequenceClassification, GranitePreTrainedModel):
    """transformers has the parts but no such class."""


def with_sine_head(causal):
    """A one-label classifier on the causal model's backbone with score.weight[0, i] = 0.05 sin(i + 1), which a test can rebuild."""
    config = copy.deepcopy(causal.config)
    config.num_labels = 1
    own = {"granite": GraniteForSequenceClassification}.get(config.model_type)
    model = (own(config) if own else AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")).eval()
    setattr(model, causal.base_model_prefix, causal.base_model)
    with torch.no_grad():
        model.score.weight.copy_(torch.tensor([[0.05 * math.sin(i + 1) for i in range(config.hidden_size)]]))
    return model


def balance_loss(model, rows):
    """transformers' load-balancing loss over the tokens that predict something, as one padded batch."""
    inputs = [ids[:-1] for ids, _ in rows]
    width = max(map(len, inputs))
    batch = torch.tensor([ids + [PAD] * (width - len(ids)) for ids in inputs])
    mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in inputs])
    return model(batch, attention_mask=mask, output_router_logits=True).aux_loss


def balanced_gradient(model, rows, gradient):
    """The same gradient with router_aux_loss_coef times the load-balancing loss."""
    loss = balance_loss(model, rows)
    (model.config.router_aux_loss_coef * loss).backward()
    return {**gradient, "balance_loss": number(loss), "parameters": gradient_numbers(model)}


def family(out, name):
    make, old_style = FAMILIES[name]
    for seed in range(1000):
        generator = torch.Generator().manual_seed(seed)
        model = write_model(AutoModelForCausalLM, make(), out / name, generator, old_style, torch.bfloat16, None)
        rows = random_rows(seed)
        greedy = greedy_numbers(model, rows[1][0][:GREEDY_PROMPT], GREEDY_TOKENS)
        tokens = greedy["tokens"]
        if greedy["least_gap"] > LEAST_GAP and len(set(tokens)) >= 8 and not {PAD, BOS, EOS} & set(tokens):
            break
    else:
        raise AssertionError(f"{name}: no seed will do")
    content = {"seed": seed, "rows": [row_numbers(model, *row) for row in rows], "greedy": greedy}
    content["gradient"] = logprob_gradient(model, rows)
    if getattr(model.config, "output_router_logits", False):
        content["gradient_balanced"] = balanced_gradient(model, rows, content["gradient"])
    texts = [ids for ids, _ in rows] + [rows[1][0][:15] + [PAD], rows[2][0][:10] + [PAD] + rows[2][0][11:13]]
    classifier = with_sine_head(model)
    content["score_weight"] = "0.05 * sin(i + 1)"
    content["rewards"] = reward_numbers(classifier, texts)
    classifier.zero_grad()
    # Chosen against rejected, twice, and TRL's centring term, without which biases of the last norm would have no gradient.
    scores = [classifier(torch.tensor([ids])).logits[0, 0] for ids in texts[:4]]
    loss = sum(0.5 * (scores[i] + scores[i + 1]) ** 2 - torch.nn.functional.logsigmoid(scores[i] - scores[i + 1]) for i in (0, 2))
    loss.backward()
    content["reward_gradient"] = {"loss": number(loss), "parameters": gradient_numbers(classifier)}
    write_json(out / f"{name}.json", content)
    print(f"{name}: seed {seed}, least gap {greedy['least_gap']:.3f}, scores {[row['score'] for row in content['rewards']]}")


def real_model(out, name, directory, source, rows, texts, greedy_count):
    causal = load(AutoModelForCausalLM, directory)
    content = {"source": source, "rows": [row_numbers(causal, *row) for row in rows]}
    content["greedy"] = [greedy_numbers(causal, ids[:prompt], greedy_count) for ids, prompt in rows]
    content["score_weight"] = "0.05 * sin(i + 1)"
    content["pad_token_id"] = causal.config.pad_token_id
    content["rewards"] = reward_numbers(with_sine_head(causal), texts)
    write_json(out / f"{name}.json", content)
    print(f"{name}: gaps {[g['least_gap'] for g in content['greedy']]}, scores {[r['score'] for r in content['rewards']]}")


def stories(out, directory):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(directory) / "tokenizer.json"))
    pairs = [
        ("Once upon a time, there was a little dog named Tim.", " Tim loved to play with his toys. One day, Tim went to the park with his mom."),
        ("Lily found a shiny red box under the old tree.", " She opened it and saw a tiny bird. The bird was sad, so Lily gave it some water and sang a song to it."),
        ("The sun", " was warm and the sky was blue."),
    ]
    rows = []
    for prompt, completion in pairs:
        ids = tokenizer.encode(prompt).ids
        rows.append((ids + tokenizer.encode(completion, add_special_tokens=False).ids, len(ids)))
    texts = [ids for ids, _ in rows] + [rows[0][0] + [2], rows[2][0] + [0]]
    real_model(out, "stories260k", directory, "the 260,032-parameter TinyStories Llama", rows, texts, 24)


def smollm2(out, directory):
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(directory)
    chats = [
        ([{"role": "user", "content": "What is the capital of France? Answer in one sentence."}], "The capital of France is Paris.<|im_end|>"),
        (
            [
                {"role": "system", "content": "You are a patient cook."},
                {"role": "user", "content": "How long do I boil an egg?"},
                {"role": "assistant", "content": "Eight minutes for a firm yolk, six for a soft one."},
                {"role": "user", "content": "And if the eggs come straight from the fridge?"},
            ],
            "Add about one minute, and lower them gently into the water so that the shells do not crack. If you cook 12 at once, wait until the water boils again before you start the clock.<|im_end|>",
        ),
        ([{"role": "user", "content": "Write a haiku about the sea."}], "Waves whisper secrets,\nsalt and wind upon my face,\nthe moon pulls them home."),
    ]
    rows, texts = [], []
    for messages, completion in chats:
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        whole = ids + tokenizer(completion, add_special_tokens=False)["input_ids"]
        rows.append((whole, len(ids)))
        # The template ends in a newline after the end of turn; the cut completion of the last chat gets neither.
        texts.append(whole + tokenizer("\n", add_special_tokens=False)["input_ids"] if completion.endswith("<|im_end|>") else whole)
    texts.append(rows[0][0])  # ends in <|im_end|>, which is this model's pad id as well
    real_model(out, "smollm2-135m-instruct", directory, "SmolLM2-135M-Instruct (Q4_1, dequantised)", rows, texts, 20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--stories", help="Hugging Face directory of stories260k")
    parser.add_argument("--smollm2", help="Hugging Face directory of SmolLM2-135M-Instruct, unpacked from its GGUF file")
    parser.add_argument("--only", help="just this small model")
    parser.add_argument("--any-version", action="store_true")
    options = parser.parse_args()
    if versions() != VERSIONS and not options.any_version:
        parser.error(f"the goldens are made with {VERSIONS}, this is {versions()}")
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        if options.only in (None, name):
            small_causal(options.out, name)
    for name in FAMILIES:
        if options.only in (None, name):
            family(options.out, name)
    for name in REWARDS:
        if options.only in (None, f"{name}-reward"):
            small_reward(options.out, name)
    if options.stories:
        stories(options.out, options.stories)
    if options.smollm2:
        smollm2(options.out, options.smollm2)


if __name__ == "__main__":
    main()
