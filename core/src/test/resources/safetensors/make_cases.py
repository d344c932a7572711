#!/usr/bin/env python3
"""Writes safetensors files, right and wrong, with what the safetensors library says of each.

    python make_cases.py cases.json

Made with safetensors 0.8.0. The cases named rust/... are the inputs of the library's own unit tests (safetensors/src/tensor.rs,
commit 24b0b28); the others try one rule of the format each. `bytes` is the file in base64, `accepted` the library's verdict,
`tensors` the names in the order of their bytes where it accepts.
"""

import base64
import json
import struct
import sys

import safetensors


def file(header, data=0, claimed=None):
    raw = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(raw) if claimed is None else claimed) + raw + bytes(data)


def info(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def js(**tensors):
    return json.dumps(tensors)


I32 = '{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}'
BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}
CASES = {
    "rust/serialization": file('{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}', 24),
    "rust/serialization_fp4": file('{"attn.0":{"dtype":"F4","shape":[1,2],"data_offsets":[0,1]}}    ', 1),
    "rust/serialization_fp4_misaligned": file('{"attn.0":{"dtype":"F4","shape":[1,3],"data_offsets":[0,2]}}', 2),
    "rust/serialization_fp4_invalid": file('{"attn.0":{"dtype":"F4","shape":[1,2],"data_offsets":[0,2]}}', 2),
    "rust/empty": file("{}      "),
    "rust/empty_with_metadata": file('{"__metadata__":{"framework":"pt"}}     '),
    "rust/forced_alignment": file('{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       ', 24),
    "rust/empty_shapes_allowed": file('{"test":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}', 4),
    "rust/deserialization": file(I32, 16),
    "rust/json_attack": file(js(**{f"weight_{i}": info(shape=(2, 2), offsets=(0, 16)) for i in range(10)}), 16),
    "rust/metadata_incomplete_buffer": file(I32, 16) + b"extra_bogus_data_for_polyglot_file",
    "rust/metadata_missing_data": file(I32, 14),
    "rust/header_too_large": b"<\0\0\0\0\xff\xff\xff" + I32.encode() + bytes(16),
    "rust/header_too_small": b"",
    "rust/invalid_header_length": b"<\0\0\0\0\0\0\0",
    "rust/invalid_header_non_utf8": b"\1\0\0\0\0\0\0\0\xff",
    "rust/invalid_header_not_json": b"\1\0\0\0\0\0\0\0{",
    "rust/whitespace_padded_header": file(b"{}\r \t\n"),
    "rust/whitespace_leading_padded_header": file(b"\t\n{}\r "),
    "rust/zero_sized_tensor": file('{"test":{"dtype":"I32","shape":[2,0],"data_offsets":[0, 0]}}'),
    "rust/invalid_info": file('{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0, 4]}}'),
    "rust/validation_overflow_shape": file('{"test":{"dtype":"I32","shape":[2,18446744073709551614],"data_offsets":[0,16]}}', 16),
    "rust/validation_overflow_bytes": file('{"test":{"dtype":"I32","shape":[2,9223372036854775807],"data_offsets":[0,16]}}', 16),
    "rust/invalid_header_size": file("{}", claimed=100_000_001),
    "seven bytes": bytes(7),
    "eight bytes of zero": bytes(8),
    "header of nothing": file("", 8),
    "header longer than the file by one": file(I32, 0, len(I32) + 1),
    "hole between tensors": file(js(a=info(shape=(1,), offsets=(0, 4)), b=info(shape=(1,), offsets=(8, 12))), 12),
    "hole before the first": file(js(a=info(shape=(1,), offsets=(4, 8))), 8),
    "overlap by one byte": file(js(a=info(shape=(1,), offsets=(0, 4)), b=info(shape=(1,), offsets=(3, 7))), 7),
    "overlap entirely": file(js(a=info(), b=info()), 8),
    "offsets the wrong way": file(js(a=info(offsets=(8, 0))), 8),
    "offsets not in the order of names": file(js(a=info(offsets=(8, 16)), b=info(offsets=(0, 8))), 16),
    "misaligned by an odd tensor before": file(js(a=info("U8", (3,), (0, 3)), b=info("F32", (1,), (3, 7))), 7),
    "misaligned by an odd header": file(js(a=info()) + " ", 8),
    "zero-sized between others": file(js(a=info(), b=info(shape=(0, 5), offsets=(8, 8)), c=info(offsets=(8, 16))), 16),
    "zero-sized with bytes": file(js(a=info(shape=(0,))), 8),
    "zero-sized at the end": file(js(a=info(), b=info(shape=(0,), offsets=(8, 8))), 8),
    "trailing byte": file(js(a=info()), 9),
    "a byte too few": file(js(a=info()), 7),
    "duplicate name, equal": file('{"a":%s,"a":%s}' % (json.dumps(info()), json.dumps(info())), 8),
    "duplicate name, other": file('{"a":%s,"a":%s}' % (json.dumps(info()), json.dumps(info("I64", (1,)))), 8),
    "duplicate field": file('{"a":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}', 8),
    "unknown field": file(js(a=info(comment="x")), 8),
    "missing field dtype": file('{"a":{"shape":[2],"data_offsets":[0,8]}}', 8),
    "missing field shape": file('{"a":{"dtype":"F32","data_offsets":[0,8]}}', 8),
    "missing field data_offsets": file('{"a":{"dtype":"F32","shape":[2]}}', 8),
    "unknown type": file(js(a=info("F128")), 8),
    "type in small letters": file(js(a=info("f32")), 8),
    "type is a number": file(js(a=info(32)), 8),
    "shape is a number": file('{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}', 8),
    "shape with a fraction": file('{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', 8),
    "shape with a text": file('{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}', 8),
    "shape below zero": file(js(a=info(shape=(-2,))), 8),
    "shape with null": file('{"a":{"dtype":"F32","shape":[null],"data_offsets":[0,8]}}', 8),
    "three offsets": file(js(a=info(offsets=(0, 8, 8))), 8),
    "one offset": file(js(a=info(offsets=(0,))), 8),
    "offsets as an object": file('{"a":{"dtype":"F32","shape":[2],"data_offsets":{"0":0,"1":8}}}', 8),
    "offset beyond 64 bits": file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551624]}}', 8),
    "tensor is null": file('{"a":null}'),
    "tensor is a list": file('{"a":[]}'),
    "header is a list": file("[]"),
    "header is a text": file('"{}"'),
    "header is null": file("null"),
    "two objects": file("{}{}"),
    "comma at the end": file('{"a":%s,}' % json.dumps(info()), 8),
    "comment": file('{/*c*/"a":%s}' % json.dumps(info()), 8),
    "single quotes": file(js(a=info()).replace('"', "'"), 8),
    "not a number": file('{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', 8),
    "leading zero": file('{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}', 8),
    "exponent": file('{"a":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}', 8),
    "byte order mark": file(b"\xef\xbb\xbf" + js(a=info()).encode(), 8),
    "UTF-16": file(js(a=info()).encode("utf-16-le"), 8),
    "UTF-32": file(js(a=info()).encode("utf-32-le"), 8),
    "name of bad UTF-8": file(b'{"\xff":' + json.dumps(info()).encode() + b"}", 8),
    "name of an overlong slash": file(b'{"\xc0\xaf":' + json.dumps(info()).encode() + b"}", 8),
    "name of a surrogate": file(b'{"\xed\xa0\x80":' + json.dumps(info()).encode() + b"}", 8),
    "escaped lone surrogate": file('{"\\ud800":%s}' % json.dumps(info()), 8),
    "name in Greek": file('{"βάρος":%s}' % json.dumps(info(), ensure_ascii=False), 8),
    "name with a raw line break": file('{"a\nb":%s}' % json.dumps(info()), 8),
    "empty name": file('{"":%s}' % json.dumps(info()), 8),
    "zeros behind the header": file(js(a=info()).encode() + b"\0\0", 8),
    "metadata is null": file('{"__metadata__":null,"a":%s}' % json.dumps(info()), 8),
    "metadata is a text": file('{"__metadata__":"pt","a":%s}' % json.dumps(info()), 8),
    "metadata with a number": file('{"__metadata__":{"step":3},"a":%s}' % json.dumps(info()), 8),
    "metadata with an object": file('{"__metadata__":{"a":{}},"a":%s}' % json.dumps(info()), 8),
    "metadata with null": file('{"__metadata__":{"a":null},"a":%s}' % json.dumps(info()), 8),
    "metadata alone": file('{"__metadata__":{}}'),
    "metadata that looks like a tensor": file('{"__metadata__":%s}' % json.dumps(info()), 8),
    "nested 200 deep": file('{"a":' + "[" * 200 + "]" * 200 + "}"),
    "nested 2,000 deep": file('{"a":' + "[" * 2000 + "]" * 2000 + "}"),
    **{f"type {name}": file(js(a=info(name, (8,), (0, bits))), bits) for name, bits in BITS.items()},
    **{f"type {name}, a byte short": file(js(a=info(name, (8,), (0, bits))), bits - 1) for name, bits in BITS.items()},
}


def verdict(raw):
    try:
        return [name for name, _ in safetensors.deserialize(raw)]
    except safetensors.SafetensorError:
        return None


def main():
    cases = []
    for name, raw in CASES.items():
        found = verdict(raw)
        cases.append({"name": name, "bytes": base64.b64encode(raw).decode(), "accepted": found is not None, "tensors": sorted(found or [])})
    with open(sys.argv[1], "w") as out:
        json.dump({"versions": {"safetensors": safetensors.__version__}, "cases": cases}, out)
        out.write("\n")
    print(len(cases), sum(c["accepted"] for c in cases))


main()
