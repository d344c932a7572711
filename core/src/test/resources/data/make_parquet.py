"""Writes the Parquet files of ColumnNamesTest and PlainTextTest, whose names and types DuckDB cannot write.

    python make_parquet.py

Run with pyarrow 26.0.1.
"""

import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent


def write(name, columns):
    names, arrays = zip(*columns)
    pq.write_table(pa.Table.from_arrays([pa.array(*a) if isinstance(a, tuple) else a for a in arrays], names=names), HERE / name)


write(
    "names.parquet",
    [
        ("t", ([{"prompt": "inner", "chosen": "inner", "t": 1}],)),
        ("prompt", (["p"],)),
        ("Prompt", (["other"],)),
        ("chosen", (["good"],)),
        ("rejected", (["bad"],)),
        ("", (["nameless"],)),
        ("#1", (["number"],)),
        ("é\"q'", (["quoted"],)),
        ("select * from t", (["sql"],)),
    ],
)
write("twice.parquet", [("prompt", (["p"],)), ("prompt", (["q"],))])
inside = pa.StructArray.from_arrays([pa.array(["i"]), pa.array(["j"])], names=["k", "K"])
write("inside.parquet", [("prompt", (["p"],)), ("info", inside)])
write(
    "numbers.parquet",
    [
        ("prompt", (["p"],)),
        ("float32", ([0.1], pa.float32())),
        ("float64", ([1.5e7],)),
        ("nan", ([float("nan")],)),
        ("decimal", ([decimal.Decimal("12345678901234567890.1234500")], pa.decimal128(38, 7))),
        ("uint64", ([2**64 - 1], pa.uint64())),
        ("int64", ([2**53 + 1],)),
        ("zero", ([-0.0],)),
        ("text_without_type", (["é".encode()],)),
        ("bytes", ([b"\xff\x00"],)),
    ],
)
