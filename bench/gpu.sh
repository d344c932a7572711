#!/usr/bin/env bash
# Proves and measures Flipside on a card in less than 8 minutes and writes one table, table.md, which grows row by row.
#   flipside-gpu/gpu.sh [--minutes 8] [--only WORD] [--out DIR] [--rehearse]    from what bench/gpu-pack.sh packs: needs Python's torch 2.10 or 2.11 and no Java
#   bench/gpu.sh [...]                                               from a checkout: packs first
# PYTHON is the interpreter that has torch, and perhaps transformers and trl. Without a card its rows are skipped, with the reason;
# --rehearse runs them on the CPU with small models, which tests this script and measures nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [[ ! -d $here/kit ]]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/flipside-gpu.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  "$here/gpu-pack.sh" "$work/kit.tar.xz" >&2
  tar -C "$work" -xJf "$work/kit.tar.xz"
  "${PYTHON:-python3}" "$work/flipside-gpu/gpu.py" "$@"
else
  exec "${PYTHON:-python3}" "$here/gpu.py" "$@"
fi
