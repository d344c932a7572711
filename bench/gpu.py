"""What bench/gpu.sh runs: rows in the order of their importance, each in processes of its own with a time limit, and one table.

Results go to DIR/rows.jsonl and DIR/table.md after every row, and what a process printed to DIR/log/, so that nothing is lost to a failure, to the end
of the time or to a machine that is taken away. Needs Python 3.9 and torch; numpy, transformers and trl only for rows that say so.
"""

import argparse
import ctypes
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
MAIN = "dev.flipside.cli.Main"
# Of config.json; the tokenizer knows 315 tokens, the rest is never read.
SHAPES = {
    "SmolLM2-135M": dict(model_type="llama", vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30,
                         num_attention_heads=9, num_key_value_heads=3, rope_theta=100000.0, rms_norm_eps=1e-5),
    "Qwen2-0.5B": dict(model_type="qwen2", vocab_size=151936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24,
                       num_attention_heads=14, num_key_value_heads=2, rope_theta=1000000.0, rms_norm_eps=1e-6),
    "Qwen2-1.5B": dict(model_type="qwen2", vocab_size=151936, hidden_size=1536, intermediate_size=8960, num_hidden_layers=28,
                       num_attention_heads=12, num_key_value_heads=2, rope_theta=1000000.0, rms_norm_eps=1e-6),
    "tiny": dict(model_type="llama", vocab_size=320, hidden_size=64, intermediate_size=176, num_hidden_layers=2, num_attention_heads=4,
                 num_key_value_heads=2, rope_theta=10000.0, rms_norm_eps=1e-5),
}
# Its ratio is one of whole sequences.
CLIPPING = dict(gspo=["algorithm.epsilon=3e-4", "algorithm.epsilon_high=4e-4"])
ARCHITECTURES = dict(llama="LlamaForCausalLM", qwen2="Qwen2ForCausalLM")


class Skipped(Exception):
    """Why a row is not measured."""


class TimedOut(Exception):
    """A process that took too long, with what it had printed."""

    def __init__(self, seconds, output):
        super().__init__(f"longer than {seconds:.0f} s")
        self.output = output


class Run:
    """The rows so far, the time that is left, and the device."""

    def __init__(self, options):
        self.began = time.monotonic()
        self.seconds = options.minutes * 60
        self.out = Path(options.out).resolve()
        (self.out / "log").mkdir(parents=True, exist_ok=True)
        self.cuda = torch.cuda.is_available()
        self.rehearse = options.rehearse and not self.cuda
        # Device cpu:0 is Flipside's name for a processor that counts as another device: the comparison runs everywhere.
        self.other = "cuda:0" if self.cuda else "cpu:0"
        self.device = "cuda:0" if self.cuda else "cpu"
        self.dtype = "bfloat16"
        # A rehearsal runs on whatever machine there is, beside whatever it does.
        self.patience = 1 if self.cuda else 5
        self.work = Path(tempfile.mkdtemp(prefix="flipside-gpu-"))
        self.peak = self.bandwidth = None
        self.rows = []

    def left(self):
        return self.seconds - (time.monotonic() - self.began)

    def need_card(self):
        if not self.cuda and not self.rehearse:
            raise Skipped("no CUDA device")

    def note(self, row, figure, state="measured", seconds=0.0):
        self.rows.append(dict(row=row, figure=figure, state=state, seconds=round(seconds, 1)))
        with open(self.out / "rows.jsonl", "a") as file:
            file.write(json.dumps(self.rows[-1]) + "\n")
        (self.out / "table.md").write_text(self.table())
        print(f"[{time.monotonic() - self.began:5.0f} s] {row}: {figure or state}", file=sys.stderr, flush=True)

    def table(self):
        lines = [f"# {header(self)}", "", "| row | figure | state |", "|---|---|---|"]
        lines += [f"| {r['row']} | {r['figure']} | {r['state']} |" for r in self.rows]
        return "\n".join(lines) + "\n"

    def process(self, name, command, limit, environment=None):
        """Runs a command; its standard output. What it printed lies in log/NAME."""
        limit = min(limit * self.patience, self.left())
        if limit < 5:
            raise Skipped("no time left")
        with open(self.out / "log" / f"{name}.err", "w") as errors:
            child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=errors, text=True, cwd=self.work,
                                     env={**os.environ, "PYTHON": sys.executable, **(environment or {})}, start_new_session=True)
            try:
                output, _ = child.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                output, _ = child.communicate()
                (self.out / "log" / f"{name}.out").write_text(output or "")
                raise TimedOut(limit, output or "")
        (self.out / "log" / f"{name}.out").write_text(output)
        if child.returncode:
            last = (self.out / "log" / f"{name}.err").read_text().strip().splitlines()
            raise RuntimeError(f"exit code {child.returncode}: {last[-1][:200] if last else 'nothing printed'}")
        return output

    def flipside(self, name, arguments, limit):
        return self.process(name, [HERE / "kit" / "java", MAIN, *arguments], limit)


def header(run):
    if run.cuda:
        free, total = torch.cuda.mem_get_info()
        return f"{torch.cuda.get_device_name(0)}, {total / 2**30:.0f} GiB, torch {torch.__version__}"
    return f"no card, torch {torch.__version__} on the CPU" + (": a rehearsal, its times mean nothing" if run.rehearse else "")


def last_json(output):
    return json.loads([line for line in output.splitlines() if line.startswith("{")][-1])


class GpuMemory(threading.Thread):
    """The most memory that the card held while a process ran, in MB: all processes together, as nvidia-smi counts."""

    def __init__(self, run):
        super().__init__(daemon=True)
        self.most, self.ended, self.active = 0, threading.Event(), run.cuda and shutil.which("nvidia-smi") is not None

    def run(self):
        while self.active and not self.ended.wait(0.2):
            done = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", "0"], capture_output=True,
                                  text=True)
            values = [int(line) for line in done.stdout.split() if line.isdigit()]
            self.most = max([self.most, *values])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def write_safetensors(path, tensors):
    """As the format has it: the length of a JSON header, the header, the numbers. Works without numpy."""
    header, at = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = dict(dtype="BF16" if tensor.dtype == torch.bfloat16 else "F32", shape=list(tensor.shape), data_offsets=[at, at + size])
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            held = tensor.detach().cpu().contiguous()
            file.write((ctypes.c_char * (held.numel() * held.element_size())).from_address(held.data_ptr()))


def model(run, name, head=False):
    """A folder with random weights of a shape: a causal model, or with a reward head in place of the vocabulary's."""
    folder = run.work / (name + ("-reward" if head else ""))
    if folder.exists():
        return folder
    shape = SHAPES[name]
    device = "cuda" if run.cuda else "cpu"
    torch.manual_seed(0)
    width, inner = shape["hidden_size"], shape["intermediate_size"]
    size = width // shape["num_attention_heads"]
    keys = size * shape["num_key_value_heads"]
    tensors = {}

    def matrix(key, rows, columns, deviation=0.02):
        tensors[key] = torch.empty(rows, columns, dtype=torch.bfloat16, device=device).normal_(0, deviation).cpu()

    def ones(key):
        tensors[key] = torch.ones(width, dtype=torch.bfloat16)

    matrix("model.embed_tokens.weight", shape["vocab_size"], width)
    for layer in range(shape["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        for key, rows in dict(q_proj=width, k_proj=keys, v_proj=keys).items():
            matrix(prefix + f"self_attn.{key}.weight", rows, width)
            if shape["model_type"] == "qwen2":
                tensors[prefix + f"self_attn.{key}.bias"] = torch.zeros(rows, dtype=torch.bfloat16)
        matrix(prefix + "self_attn.o_proj.weight", width, width)
        matrix(prefix + "mlp.gate_proj.weight", inner, width)
        matrix(prefix + "mlp.up_proj.weight", inner, width)
        matrix(prefix + "mlp.down_proj.weight", width, inner)
        ones(prefix + "input_layernorm.weight")
        ones(prefix + "post_attention_layernorm.weight")
    ones("model.norm.weight")
    config = dict(shape, architectures=[ARCHITECTURES[shape["model_type"]]], hidden_act="silu", max_position_embeddings=4096,
                  tie_word_embeddings=True, torch_dtype="bfloat16", bos_token_id=1, eos_token_id=2, pad_token_id=0)
    if head:
        matrix("score.weight", 1, width)
        config.update(num_labels=1, architectures=[ARCHITECTURES[shape["model_type"]].replace("CausalLM", "SequenceClassification")])
    folder.mkdir()
    write_safetensors(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps(config))
    for file in (HERE / "tokenizer").iterdir():
        shutil.copy(file, folder)
    return folder


def parameters(name):
    shape = SHAPES[name]
    width = shape["hidden_size"]
    keys = width // shape["num_attention_heads"] * shape["num_key_value_heads"]
    block = 2 * width * width + 2 * width * keys + 3 * width * shape["intermediate_size"]
    return shape["vocab_size"] * width + shape["num_hidden_layers"] * block


def doctor(run):
    found = last_json(run.flipside("doctor", ["doctor", "--json", "--quiet"], 90))
    run.note("doctor", "; ".join(f"{key} {found[key]}" for key in ("libtorch", "BLAS", "CUDA_build", "devices") if key in found) or str(found)[:200])


def families(run, dtype):
    models = sorted(str(m) for m in (HERE / "models").iterdir())
    where = "the card" if run.cuda else "a processor that counts as a card"
    command = [HERE / "kit" / "java", "dev.flipside.model.DeviceComparison", run.other, dtype, *models]
    late = None
    try:
        output = run.process(f"families-{dtype}", command, 120)
    except TimedOut as fault:
        output, late = fault.output, fault
    for line in output.splitlines():
        gap = json.loads(line)
        row = f"CPU against {where}, {dtype}: {gap['model']}"
        if "error" in gap:
            run.note(row, "", f"failed: {gap['error']}")
        else:
            run.note(row, f"log-probabilities {gap['logprobs']:g}, scores {gap['scores']:g}, greedy {gap['greedy']} of {gap['tokens']}, "
                          f"gradient {gap['gradient']:g}, weights moved elsewhere {gap['weights']:g}")
    if late:
        raise late


def peak(run):
    run.need_card()
    n, device = (8192, "cuda") if run.cuda else (512, "cpu")
    wait = torch.cuda.synchronize if run.cuda else lambda: None

    def seconds(work, count):
        work()
        wait()
        began = time.perf_counter()
        for _ in range(count):
            work()
        wait()
        return (time.perf_counter() - began) / count

    a, b = (torch.randn(n, n, device=device, dtype=torch.bfloat16) for _ in range(2))
    run.peak = 2 * n**3 / seconds(lambda: a @ b, 20) / 1e12
    source = torch.empty((2**31 if run.cuda else 2**24), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    run.bandwidth = 2 * source.numel() / seconds(lambda: target.copy_(source), 10) / 1e9
    del source, target, a, b
    if run.cuda:
        torch.cuda.empty_cache()
    run.note("the card's own speed, by torch", f"{run.peak:.1f} TFLOP/s of {n} x {n} products in bfloat16, {run.bandwidth:.0f} GB/s copied")


def bench(run, phase, name, prompts=8, group=8, prompt_len=128, new=128, steps=3, limit=70, overrides=(), label=None):
    run.need_card()
    if run.rehearse:
        name, prompts, group, prompt_len, new, steps = "tiny", 2, 2, 16, 8, 3
    folder = model(run, name)
    slug = (label or f"{phase}-{name}").replace(" ", "-").replace(",", "")
    with GpuMemory(run) as memory:
        found = last_json(run.flipside(slug, [
            "bench", phase, "--model", folder, "--device", run.device, "--dtype", run.dtype, "--prompts", prompts, "--group", group, "--prompt-len",
            prompt_len, "--new", new, "--steps", steps, "--json", "--quiet", *overrides], limit))
    seconds = found["seconds_median"]
    figure = f"{found['tokens'] / seconds:,.0f} tokens/s, {seconds:.3f} s ({found['seconds_min']:.3f}-{found['seconds_max']:.3f})"
    if found.get("gflops") and run.peak:
        figure += f", {found['gflops'] / 1e3 / run.peak:.3f} of the card's peak"
    if phase == "generate" and run.bandwidth:
        # Every step reads each weight once, in two bytes.
        figure += f", weights read at {2 * parameters(name) * new / seconds / 1e9 / run.bandwidth:.3f} of its bandwidth"
    if memory.most:
        figure += f", peak {memory.most} MB"
    run.note(f"bench {label or phase}, {name}, {prompts} x {group}, {prompt_len} -> {new}, {run.dtype}", figure)


def training(run, folder, steps, extra=()):
    """A configuration of SAVE on a small model, as overrides of an empty file."""
    random.seed(1)
    data = run.work / "data"
    if not data.exists():
        data.mkdir()
        digits = lambda n: "".join(random.choice("0123456789") for _ in range(n))
        (data / "prompts.jsonl").write_text("".join(json.dumps(dict(prompt=digits(12))) + "\n" for _ in range(64)))
        (data / "pairs.jsonl").write_text("".join(
            json.dumps(dict(prompt=digits(12), chosen=digits(9), rejected="0" * 9)) + "\n" for _ in range(32)))
        (data / "empty.yaml").write_text("{}\n")
    return [
        "train", data / "empty.yaml", f"run.output_dir={folder}", f"run.max_steps={steps}", "run.save_steps=1", f"run.device={run.device}",
        f"run.dtype={run.dtype}", f"data.prompts={data / 'prompts.jsonl'}", "policy.learning_rate=1e-4", "rollout.generation_batch_size=16",
        "rollout.num_generations=4", "rollout.max_completion_length=16", "save.mask_truncated=false", "save.value_warmup=off", "save.calibration_prompts=8", "--quiet",
        f"policy.model={model(run, 'tiny')}", *extra]


def figures(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line]


def save_steps(run, algorithm):
    run.need_card()
    folder = run.work / f"save-{algorithm}"
    run.flipside(f"save-{algorithm}", training(run, folder, 3, [
        f"algorithm.name={algorithm}", *CLIPPING.get(algorithm, []), f"reward_model.model={model(run, 'tiny', head=True)}"]), 60)
    rows = figures(folder)
    mismatch = max(row.get("sampling/sampling_logp_difference/max", 0) for row in rows)
    run.note(f"three SAVE steps, {algorithm}", f"loss {rows[-1]['loss']:.3g}, reward {rows[-1]['reward']:.3g}, "
                                               f"samples and training at most {mismatch:.2g} apart")


def digest(folder):
    return hashlib.sha256(b"".join(p.read_bytes() for p in sorted(folder.rglob("*.safetensors")))).hexdigest()[:12]


def kill_and_resume(run):
    run.need_card()
    extra = ["algorithm.name=grpo", f"reward_model.model={model(run, 'tiny', head=True)}"]
    whole, killed = run.work / "whole", run.work / "killed"
    run.flipside("whole", training(run, whole, 5, extra), 60)
    command = [HERE / "kit" / "java", MAIN, *training(run, killed, 5, extra)]
    with open(run.out / "log" / "killed.err", "w") as errors:
        child = subprocess.Popen([str(c) for c in command], stdout=errors, stderr=errors, cwd=run.work, start_new_session=True,
                                 env={**os.environ, "PYTHON": sys.executable})
        until = time.monotonic() + min(60 * run.patience, run.left())
        while not (killed / "checkpoints" / "step-2").exists():
            if time.monotonic() > until or child.poll() is not None:
                break
            time.sleep(0.02)
        ended = child.poll() is not None
        os.killpg(child.pid, signal.SIGKILL) if not ended else None
        child.wait()
    if ended:
        raise RuntimeError("the run ended before it could be killed")
    run.flipside("resumed", [*training(run, killed, 5, extra), "--resume"], 60)
    same = digest(whole / "policy") == digest(killed / "policy")
    run.note("killed after step 2 and resumed", "policy " + ("equal to the bit" if same else "differs from the undisturbed run's"),
             "measured" if same else "measured: not equal")


def lora(run):
    run.need_card()
    base, rewards, folder = model(run, "tiny"), run.work / "lora-rm", run.work / "lora"
    train = training(run, folder, 3)
    data = run.work / "data"
    adapter = "{r: 8, lora_alpha: 16, target_modules: all-linear}"
    run.flipside("lora-rm", [
        "train-rm", data / "empty.yaml", f"run.output_dir={rewards}", f"run.device={run.device}", f"run.dtype={run.dtype}", "--quiet",
        f"reward_model.model={base}", f"reward_model.lora={adapter}", f"data.preferences={data / 'pairs.jsonl'}", "training.num_train_epochs=1",
        "training.train_batch_size=8"], 60)
    run.flipside("lora", [*train, "algorithm.name=grpo", "algorithm.beta=0.05", f"policy.lora={adapter}", f"reward_model.model={rewards / 'final'}"], 60)
    run.note("train-rm and three SAVE steps with adapters on one frozen base", f"loss {figures(folder)[-1]['loss']:.3g}")


def transformers_generate(run, name):
    run.need_card()
    try:
        import transformers  # noqa: F401
    except ImportError:
        raise Skipped("transformers is not installed")
    shape = "tiny" if run.rehearse else name
    rows, prompt, new = (4, 16, 8) if run.rehearse else (64, 128, 128)
    with GpuMemory(run) as memory:
        found = last_json(run.process(f"transformers-{shape}", [
            sys.executable, __file__, "--peer", "generate", model(run, shape), rows, prompt, new, run.device], 90))
    figure = f"{rows * new / found['seconds']:,.0f} tokens/s, {found['seconds']:.3f} s"
    run.note(f"transformers generate, {shape}, {rows} rows, {prompt} -> {new}, bfloat16",
             figure + (f", peak {memory.most} MB" if memory.most else ""))


def trl_step(run, name):
    run.need_card()
    try:
        import datasets, trl  # noqa: F401, E401
    except ImportError as fault:
        raise Skipped(f"{fault.name} is not installed")
    shape = "tiny" if run.rehearse else name
    rows, prompt, new = (4, 16, 8) if run.rehearse else (64, 128, 128)
    found = last_json(run.process(f"trl-{shape}", [sys.executable, __file__, "--peer", "grpo", model(run, shape), rows, prompt, new, run.device], 120))
    run.note(f"TRL GRPO step, {shape}, {rows} rows, {prompt} -> {new}, bfloat16", f"{found['seconds']:.3f} s a step")


def two_ranks(run):
    run.need_card()
    if torch.cuda.device_count() < 2:
        raise Skipped("one card")
    raise Skipped("this version trains in one process")


def peer(arguments):
    """The same by transformers or TRL, in a process of its own."""
    what, folder, rows, prompt, new, device = arguments[0], arguments[1], *map(int, arguments[2:5]), arguments[5]
    if what == "generate":
        from transformers import AutoModelForCausalLM

        lm = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).to(device).eval()
        ids = torch.randint(10, 200, (rows // 8 or 1, prompt), device=device).repeat_interleave(8, 0)[:rows]
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            with torch.inference_mode():
                lm.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0, top_p=1.0, min_new_tokens=new,
                            max_new_tokens=new, pad_token_id=0)
            if device != "cpu":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - began)
        print(json.dumps(dict(seconds=sorted(seconds[1:])[0])))
        return
    from datasets import Dataset
    from transformers import AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    seconds = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *_, **__):
            self.began = time.perf_counter()

        def on_step_end(self, *_, **__):
            seconds.append(time.perf_counter() - self.began)

    prompts = ["".join(random.choice("0123456789") for _ in range(prompt)) for _ in range(3 * rows)]
    group = min(8, rows)
    config = GRPOConfig(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=rows, num_generations=group, max_completion_length=new, max_steps=3, beta=0.0,
        learning_rate=1e-6, generation_kwargs={"min_new_tokens": new}, gradient_checkpointing=False, use_cpu=device == "cpu",
        bf16=device != "cpu", report_to=[], logging_steps=10**6, save_strategy="no", disable_tqdm=True)
    GRPOTrainer(model=folder, args=config, train_dataset=Dataset.from_dict({"prompt": prompts}), callbacks=[Clock()],
                processing_class=AutoTokenizer.from_pretrained(folder),
                reward_funcs=lambda completions, **_: [float(len(set(text))) for text in completions]).train()
    print(json.dumps(dict(seconds=sorted(seconds[1:])[0])))


def rows():
    """In the order of their importance: what is right first, then how fast."""
    yield "doctor", doctor
    yield "CPU against the card in float32", lambda run: families(run, "float32")
    for algorithm in ("grpo", "rloo", "gspo"):
        yield f"three SAVE steps, {algorithm}", lambda run, name=algorithm: save_steps(run, name)
    yield "killed and resumed", kill_and_resume
    yield "adapters on one frozen base", lora
    yield "CPU against the card in bfloat16", lambda run: families(run, "bfloat16")
    yield "the card's own speed", peak
    for name in ("Qwen2-0.5B", "SmolLM2-135M", "Qwen2-1.5B"):
        for phase in ("generate", "train"):
            yield f"bench {phase}, {name}", lambda run, phase=phase, name=name: bench(run, phase, name)
    yield "bench save-step, SmolLM2-135M", lambda run: bench(run, "save-step", "SmolLM2-135M", limit=90)
    yield "transformers generate, Qwen2-0.5B", lambda run: transformers_generate(run, "Qwen2-0.5B")
    yield "TRL GRPO step, Qwen2-0.5B", lambda run: trl_step(run, "Qwen2-0.5B")
    yield "bench policy-step, Qwen2-0.5B", lambda run: bench(run, "policy-step", "Qwen2-0.5B", limit=90)
    yield "two ranks with NCCL", two_ranks
    yield "transformers generate, SmolLM2-135M", lambda run: transformers_generate(run, "SmolLM2-135M")
    for name in ("SmolLM2-135M", "Qwen2-0.5B", "Qwen2-1.5B"):
        for phase in ("forward", "score"):
            yield f"bench {phase}, {name}", lambda run, phase=phase, name=name: bench(run, phase, name)
    yield "bench policy-step, SmolLM2-135M", lambda run: bench(run, "policy-step", "SmolLM2-135M")
    yield "transformers generate, Qwen2-1.5B", lambda run: transformers_generate(run, "Qwen2-1.5B")


def main():
    if sys.argv[1:2] == ["--peer"]:
        return peer(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8, help="when no further row begins and a running one is ended (default: 8)")
    parser.add_argument("--out", default="gpu-results", help="folder of the table (default: gpu-results)")
    parser.add_argument("--only", default="", help="run the rows whose names hold this word")
    parser.add_argument("--rehearse", action="store_true", help="without a card, run its rows on the CPU with a small model")
    options = parser.parse_args()
    run = Run(options)
    if not torch.__version__.startswith(("2.10.", "2.11.")):
        sys.exit(f"torch {torch.__version__} does not fit Flipside's bindings; PYTHON must name an interpreter with torch 2.10 or 2.11.")
    try:
        for name, measure in rows():
            if options.only not in name:
                continue
            began = time.monotonic()
            try:
                measure(run)
            except Skipped as reason:
                run.note(name, "", f"skipped: {reason}")
            except Exception as fault:  # One row must not take the others with it.
                run.note(name, "", f"failed: {type(fault).__name__}: {str(fault)[:300]}", time.monotonic() - began)
    finally:
        shutil.rmtree(run.work, ignore_errors=True)
    print(run.table())


if __name__ == "__main__":
    main()
