"""Writes *tiny*, the random Llama of 7.0 million parameters that docs/performance.md measures.

    python bench/make_tiny.py DIR TOKENIZER_DIR

TOKENIZER_DIR is any model's folder with a tokenizer of at most 4,096 tokens: its files are copied. Needs torch and transformers.
"""

import shutil
import sys
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

if len(sys.argv) != 3:
    sys.exit(__doc__)
target, tokenizer = map(Path, sys.argv[1:])
torch.manual_seed(0)
config = LlamaConfig(vocab_size=4096, hidden_size=256, intermediate_size=704, num_hidden_layers=8, num_attention_heads=8,
                     num_key_value_heads=4, tie_word_embeddings=True, max_position_embeddings=16384, bos_token_id=1, eos_token_id=2)
LlamaForCausalLM(config).save_pretrained(target)
for file in tokenizer.glob("tokenizer*"):
    shutil.copy(file, target)
