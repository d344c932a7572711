#!/usr/bin/env bash
# Packs Flipside with a Java runtime of its own for a Linux machine on x86-64 that has a card and Python's torch 2.10 or 2.11, but neither Java nor
# network: everything that bench/gpu.sh needs there, in less than 60 MB. CSV, Parquet and what judges count tokens with stay behind.
#   bench/gpu-pack.sh OUT.tar.xz
# There:
#   tar xJf OUT.tar.xz && flipside-gpu/gpu.sh
# Needs a JDK 17 here, which has jlink.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:?usage: bench/gpu-pack.sh OUT.tar.xz}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
top=$work/flipside-gpu kit=$work/flipside-gpu/kit
mkdir -p "$kit/native" "$kit/jars" "$kit/classes" "$top/models" "$top/tokenizer"

"$root/flipside" --version >&2 # builds
classpath=$(<"$root/.flipside/classpath-mkl")

# A jar without the natives of other systems; DuckDB's own go too.
slim() {
  python3 - "$1" "$kit/jars/${1##*/}" <<'SLIM'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as whole, zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as slim:
    for entry in whole.infolist():
        if not (entry.filename.startswith("libduckdb_java") or any(other in entry.filename for other in ("aarch64", "osx-", "win-", "/cv/"))):
            slim.writestr(entry.filename, whole.read(entry))
SLIM
}

IFS=: read -ra files <<<"$classpath"
for file in "${files[@]}"; do
  case $file in
    */pytorch-*-linux-x86_64.jar) unzip -qjo "$file" 'org/bytedeco/pytorch/linux-x86_64/libjnitorch*.so' -d "$kit/native" ;;
    */openblas-*-linux-x86_64.jar)
      # The bindings are linked against it; torch computes with its own.
      unzip -qjo "$file" 'org/bytedeco/openblas/linux-x86_64/lib*.so*' -x '*_full.so' '*/libjniopenblas.so' -d "$kit/native"
      ln -sf libopenblas.so.0 "$kit/native/libopenblas_nolapack.so.0"
      # 24 MB of which nothing is called.
      ln -sf libjniopenblas_nolapack.so "$kit/native/libjniopenblas.so" ;;
    */mkl-* | */dnnl-*-linux-x86_64.jar | */opencl-*) ;; # torch from Python has its own
    */jtokkit-* | */language-detector-* | */uplot-*) ;; # judges and the report page
    */duckdb_jdbc*.jar | */tokenizers-*.jar | */jna-*.jar) slim "$file" ;;
    *) cp "$file" "$kit/jars/" ;;
  esac
done

# The comparison of devices is a class of the tests.
javac -nowarn -proc:none --release 17 -d "$kit/classes" -cp "$classpath" -sourcepath "$root/core/src/test/java" \
  "$root/core/src/test/java/dev/flipside/model/DeviceComparison.java"

jlink --add-modules java.base,java.desktop,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,jdk.crypto.ec,jdk.httpserver,jdk.jfr,jdk.management,jdk.unsupported,jdk.zipfs \
  --compress=0 --strip-debug --no-header-files --no-man-pages --output "$kit/jre"

cat >"$kit/java" <<'RUN'
#!/usr/bin/env bash
# Java on the libraries of Python's torch; PYTHON is the interpreter that has it.
set -euo pipefail
kit=$(cd "$(dirname "$0")" && pwd)
torch=$("${PYTHON:-python3}" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
nvidia=$(find "$torch/../nvidia" -maxdepth 2 -name lib -type d 2>/dev/null | tr '\n' ':')
export LD_LIBRARY_PATH=$kit/native:$torch/lib:$nvidia${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export OPT_OUT_TRACKING=true DJL_OFFLINE=true HF_HUB_OFFLINE=1
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)} MKL_DYNAMIC=FALSE MKL_CBWR=AUTO
export MKL_NUM_THREADS=${MKL_NUM_THREADS:-$OMP_NUM_THREADS}
export GLIBC_TUNABLES=${GLIBC_TUNABLES-glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=4294967296}
exec "$kit/jre/bin/java" -Xms32m -Xmx4g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dfile.encoding=UTF-8 \
  -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -Dorg.bytedeco.javacpp.nopointergc=true -Dorg.bytedeco.javacpp.logger=slf4j \
  -Dorg.bytedeco.javacpp.pathsFirst=true "-Djava.library.path=$kit/native:$torch/lib" "-Dorg.bytedeco.javacpp.cachedir=$kit/cache" \
  -cp "$kit/classes:$kit/jars/*" "$@"
RUN
chmod +x "$kit/java"

for family in llama mistral qwen2 qwen3 phi3 smollm3 gemma2 gemma3_text gpt2 gpt_neox olmo2 granite starcoder2 stablelm mixtral qwen3_moe; do
  cp -r "$root/core/src/test/resources/goldens/$family" "$top/models/"
done
cp "$root"/core/src/test/resources/text/tiny-chatml/* "$top/tokenizer/"
cp "$root/bench/gpu.sh" "$root/bench/gpu.py" "$top/"

XZ_OPT=-T0 tar -C "$work" -cJf "$out" flipside-gpu
size=$(stat -c %s "$out")
((size < 60 * 1000 * 1000)) || { echo "$out has $size bytes, more than 60 MB" >&2; exit 1; }
echo "$out: $((size / 1000 / 1000)) MB"
