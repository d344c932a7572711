"""What `flipside bench` measures, done by transformers and TRL. Prints one JSON line. Needs torch, transformers, trl, datasets and requests.

    python bench/peer.py {generate,forward,train,policy-step} MODEL_DIR [--prompts 4 --group 8 --prompt-len 64 --new 64 --steps 5 --warmup 1 --threads 2]

Rows are distinct in forward and train, as with `flipside bench --distinct-prompts`. A policy-step includes the optimiser's step.
"""

import argparse
import json
import random
import resource
import statistics
import tempfile
import time

import torch


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("phase", choices=["generate", "forward", "train", "policy-step"])
    parser.add_argument("model")
    for name, default in dict(prompts=4, group=8, prompt_len=64, new=64, steps=5, warmup=1, threads=2).items():
        parser.add_argument("--" + name.replace("_", "-"), type=int, default=default)
    return parser.parse_args()


def repeated(options, work):
    seconds = []
    for _ in range(options.warmup + options.steps):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return seconds[options.warmup :]


def load(options):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32)


def generate(options):
    model = load(options)
    prompts = torch.randint(10, 200, (options.prompts, options.prompt_len)).repeat_interleave(options.group, 0)
    mask = torch.ones_like(prompts)

    def work():
        with torch.inference_mode():
            # The defaults of a generation_config.json would filter; both sides sample from the whole distribution.
            model.generate(prompts, attention_mask=mask, do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                           min_new_tokens=options.new, max_new_tokens=options.new, pad_token_id=0)

    return repeated(options, work), prompts.shape[0] * options.new


def forward(options):
    model = load(options)
    ids = torch.randint(10, 200, (options.prompts * options.group, options.prompt_len + options.new))

    def work():
        with torch.inference_mode():
            model(ids).logits.log_softmax(-1).gather(-1, ids[..., None])

    return repeated(options, work), ids.numel()


def train(options):
    model = load(options)
    ids = torch.randint(10, 200, (options.prompts * options.group, options.prompt_len + options.new))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5)

    def work():
        model(ids, labels=ids).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()

    return repeated(options, work), ids.numel()


def policy_step(options):
    from datasets import Dataset
    from transformers import AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    seconds = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *_, **__):
            self.began = time.perf_counter()

        def on_step_end(self, *_, **__):
            seconds.append(time.perf_counter() - self.began)

    random.seed(0)
    steps = options.warmup + options.steps
    prompts = ["".join(random.choice("0123456789") for _ in range(options.prompt_len))
               for _ in range(options.prompts * steps)]
    config = GRPOConfig(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=options.prompts * options.group,
        num_generations=options.group, max_completion_length=options.new, max_steps=steps, beta=0.0, learning_rate=1e-6,
        generation_kwargs={"min_new_tokens": options.new}, gradient_checkpointing=False, use_cpu=True, bf16=False,
        report_to=[], logging_steps=10**6, save_strategy="no", disable_tqdm=True)
    trainer = GRPOTrainer(
        model=options.model, args=config, train_dataset=Dataset.from_dict({"prompt": prompts}), callbacks=[Clock()],
        processing_class=AutoTokenizer.from_pretrained(options.model),
        reward_funcs=lambda completions, **_: [float(len(set(text))) for text in completions])
    trainer.train()
    return seconds[options.warmup :], options.prompts * options.group * options.new


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    phase = {"generate": generate, "forward": forward, "train": train, "policy-step": policy_step}[options.phase]
    seconds, tokens = phase(options)
    median = statistics.median(seconds)
    print(json.dumps(dict(
        phase=options.phase, seconds_median=median, seconds_min=min(seconds), seconds_max=max(seconds), tokens=tokens,
        tokens_per_s=tokens / median, peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)))


if __name__ == "__main__":
    main()
