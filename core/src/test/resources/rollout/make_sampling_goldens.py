"""Writes sampling.json: what transformers' logits processors make of small logits (needs torch and transformers 5).

Usage: python make_sampling_goldens.py > sampling.json
A score of minus infinity (a token that was filtered out) is written as null.
"""

import json
import math

import torch
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    SuppressTokensLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

ROWS, VOCABULARY = 4, 13


def inputs():
    generator = torch.Generator().manual_seed(20)
    logits = torch.randn(ROWS, VOCABULARY, generator=generator) * 2
    # Row 2 has ties at the edge of the top 4 and of the top 1; row 3 is nearly certain.
    logits[2] = torch.tensor([3.0, 1.0, 1.0, 1.0, 3.0, 0.5, -1.0, -1.0, 2.0, 0.0, -2.0, -3.0, -4.0])
    logits[3, 5] = 30.0
    seen = torch.tensor([[0, 1, 1, 12], [3, 3, 3, 3], [0, 6, 8, 9], [5, 5, 0, 2]])
    return logits, seen


CASES = [
    {},
    {"temperature": 0.7},
    {"temperature": 2.5},
    {"top_k": 1},
    {"top_k": 4},
    {"top_k": 100},
    {"top_p": 0.9},
    {"top_p": 0.35},
    {"top_p": 0.01},
    {"min_p": 0.1},
    {"min_p": 1.0},
    {"repetition_penalty": 1.3},
    {"repetition_penalty": 0.8},
    {"suppressed": [0, 5, 12]},
    {"temperature": 0.7, "top_k": 6, "top_p": 0.8},
    {"temperature": 1.5, "top_p": 0.8, "min_p": 0.2},
    {"temperature": 1.2, "top_k": 8, "top_p": 0.95, "min_p": 0.05, "repetition_penalty": 1.5, "suppressed": [4]},
]


def processors(case):
    steps = LogitsProcessorList()
    if "repetition_penalty" in case:
        steps.append(RepetitionPenaltyLogitsProcessor(case["repetition_penalty"]))
    if "suppressed" in case:
        steps.append(SuppressTokensLogitsProcessor(case["suppressed"]))
    if "temperature" in case:
        steps.append(TemperatureLogitsWarper(case["temperature"]))
    if "top_k" in case:
        steps.append(TopKLogitsWarper(case["top_k"]))
    if "top_p" in case:
        steps.append(TopPLogitsWarper(case["top_p"]))
    if "min_p" in case:
        steps.append(MinPLogitsWarper(case["min_p"]))
    return steps


def finite(matrix):
    return [[None if math.isinf(x) else x for x in row] for row in matrix.tolist()]


def main():
    logits, seen = inputs()
    cases = [
        {"options": case, "scores": finite(processors(case)(seen, logits.clone()))} for case in CASES
    ]
    print(json.dumps({"logits": logits.tolist(), "seen": seen.tolist(), "cases": cases}))


if __name__ == "__main__":
    main()
