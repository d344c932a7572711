"""Makes trl_stories.json: TRL's RewardTrainer, step by step, on stories260k and pairs of its own stories.

usage: python make_trl_stories.py MODEL_DIR FOLDER
Needs torch, transformers 5.17 and trl 1.13. MODEL_DIR is stories260k; FOLDER receives trl_stories.json, which the test
reads: the pairs as text, the reward head that training began with, the loss, accuracy and gradient norm of every
step, and the scores of the held-out pairs by transformers before and after training.
"""
import json
import sys
from pathlib import Path

import torch
from datasets import Dataset
from torch.utils.data import SequentialSampler
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from trl import RewardConfig, RewardTrainer

BATCH, MICRO, RATE, STEPS, HELD_OUT = 4, 2, 3e-4, 12, 8
OPENINGS = [
    "Once upon a time, there was a little girl named Lily.",
    "One day, a boy named Tom went to the park.",
    "There was a big dog who liked to run.",
    "The cat saw a red ball.",
]
model_dir, folder = sys.argv[1], Path(sys.argv[2])
torch.manual_seed(0)
torch.set_num_threads(1)
tokenizer = AutoTokenizer.from_pretrained(model_dir)
eos = tokenizer.eos_token_id


def ids(text):
    return tokenizer(text)["input_ids"]


def samples():
    """Continuations of 12 to 40 tokens whose ids continue those of the prompt, so that there is one way to encode them."""
    lm = AutoModelForCausalLM.from_pretrained(model_dir)
    found = []
    for i in range(6 * (BATCH * STEPS + HELD_OUT)):
        opening = OPENINGS[i % len(OPENINGS)]
        prompt = ids(opening)
        length = 12 + 7 * (i // len(OPENINGS)) % 29
        out = lm.generate(torch.tensor([prompt]), max_new_tokens=length, do_sample=True, top_k=0)[0].tolist()
        reply = tokenizer.decode(out, skip_special_tokens=True)[len(opening):]
        if reply and eos not in out and ids(opening + reply)[: len(prompt)] == prompt:
            found.append((opening, reply))
    return found


def pairs(found):
    """The judge prefers the story with more different words per word."""
    made = []
    for opening in OPENINGS:
        replies = [reply for prompt, reply in found if prompt == opening]
        for a, b in zip(replies[::2], replies[1::2]):
            variety = [len(set(r.split())) / len(r.split()) for r in (a, b)]
            if variety[0] != variety[1]:
                chosen, rejected = (a, b) if variety[0] > variety[1] else (b, a)
                made.append({"prompt": opening, "chosen": chosen, "rejected": rejected})
    order = torch.randperm(len(made)).tolist()
    return [made[i] for i in order]


def encoded(pair):
    return {f"{key}_ids": ids(pair["prompt"] + pair[key]) + [eos] for key in ("chosen", "rejected")}


@torch.inference_mode()
def scores(model, rows):
    model.eval()
    result = [
        [model(input_ids=torch.tensor([encoded(p)[f"{key}_ids"]])).logits.item() for key in ("chosen", "rejected")]
        for p in rows
    ]
    model.train()
    return result


class Trainer(RewardTrainer):
    def _get_train_sampler(self, *args, **kwargs):
        return SequentialSampler(self.train_dataset)


made = pairs(samples())
train, held_out = made[: BATCH * STEPS], made[BATCH * STEPS : BATCH * STEPS + HELD_OUT]
assert len(train) == BATCH * STEPS and len(held_out) == HELD_OUT, len(made)
model = AutoModelForSequenceClassification.from_pretrained(model_dir, num_labels=1, dtype=torch.float32)
# A head as wide as a trained one, so that losses differ from log 2 from the start.
torch.nn.init.normal_(model.score.weight, std=0.2)
head = model.score.weight.detach().flatten().tolist()
before = scores(model, held_out)
args = RewardConfig(
    output_dir=str(folder / "trl"), per_device_train_batch_size=MICRO, gradient_accumulation_steps=BATCH // MICRO,
    learning_rate=RATE, num_train_epochs=1, max_length=None, pad_token="<unk>", logging_steps=1, save_strategy="no",
    use_cpu=True, bf16=False, report_to=[], disable_tqdm=True, gradient_checkpointing=False, weight_decay=0.0,
    max_grad_norm=1.0, lr_scheduler_type="linear", warmup_steps=2, eos_token=None,
)
trainer = Trainer(
    model=model, args=args, processing_class=tokenizer, train_dataset=Dataset.from_list([encoded(p) for p in train])
)
trainer.train()
steps = [
    {key: log[key] for key in ("loss", "accuracy", "margin", "grad_norm", "learning_rate")}
    for log in trainer.state.log_history
    if "loss" in log
]
golden = {
    "batch": BATCH, "micro": MICRO, "learning_rate": RATE, "warmup_steps": 2, "head": head, "train": train,
    "held_out": held_out, "held_out_ids": [encoded(p) for p in held_out], "steps": steps,
    "scores_before": before, "scores_after": scores(trainer.model, held_out),
}
(folder / "trl_stories.json").write_text(json.dumps(golden, indent=0) + "\n")
print(len(steps), "steps, last", steps[-1])
