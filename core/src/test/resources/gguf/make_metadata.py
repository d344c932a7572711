#!/usr/bin/env python3
"""Writes GGUF files with gguf-py (gguf 0.19.0) that hold every type of metadata, for GgufPeerTest.

    python make_metadata.py OUT

OUT/metadata.gguf has every type of value and of list, an alignment of 128 and two tensors; OUT/metadata.json its pairs as
gguf-py's reader finds them. OUT/big-endian.gguf is a file of the other byte order.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy

NUMBERS = {
    "uint8": 200, "int8": -100, "uint16": 60000, "int16": -30000, "uint32": 4000000000, "int32": -2000000000,
    "uint64": 9000000000000000000, "int64": -9000000000000000000, "float32": 0.5, "float64": 0.1,
}


def main():
    out = Path(sys.argv[1])
    writer = gguf.GGUFWriter(out / "metadata.gguf", "llama")
    writer.add_custom_alignment(128)
    for name, value in NUMBERS.items():
        writer.add_key_value(f"x.{name}", value, gguf.GGUFValueType[name.upper()])
        writer.add_key_value(f"x.list.{name}", [value, 1], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType[name.upper()])
    writer.add_key_value("x.bool", True, gguf.GGUFValueType.BOOL)
    writer.add_key_value("x.string", "Straße \U0001f600", gguf.GGUFValueType.STRING)
    writer.add_key_value("x.empty", "", gguf.GGUFValueType.STRING)
    writer.add_key_value("x.list.bool", [True, False], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.BOOL)
    writer.add_key_value("x.list.string", ["a", "", "ß"], gguf.GGUFValueType.ARRAY, gguf.GGUFValueType.STRING)
    writer.add_tensor("first", numpy.arange(5, dtype=numpy.float32))
    writer.add_tensor("second", numpy.array([1.5, -2.0, 0.25], dtype=numpy.float16))
    write(writer)
    reader = gguf.GGUFReader(out / "metadata.gguf")
    pairs = {key: plain(field.contents()) for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    (out / "metadata.json").write_text(json.dumps(pairs, ensure_ascii=False) + "\n")
    big = gguf.GGUFWriter(out / "big-endian.gguf", "llama", endianess=gguf.GGUFEndian.BIG)
    big.add_tensor("first", numpy.arange(5, dtype=numpy.float32))
    write(big)


def plain(value):
    return [plain(v) for v in value] if isinstance(value, list) else value.item() if isinstance(value, numpy.generic) else value


def write(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
