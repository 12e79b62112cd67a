#!/usr/bin/env bash
# Puts Silero VAD (MIT licence, https://github.com/snakers4/silero-vad) at FILE: from its PyPI wheel, and only if it is the very file
# that this example was written for.
#
#   examples/silero-vad/fetch-model.sh FILE
set -euo pipefail

version=6.2.3
sha256=1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3
file=${1:?"usage: $0 FILE"}

matches() { [ -f "$1" ] && echo "$sha256  $1" | sha256sum --check --status; }
if matches "$file"; then
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=python3
if ! "$python" -m pip --version >"$work/log" 2>&1; then
  python3 -m venv "$work/venv"
  python=$work/venv/bin/python3
fi
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "silero-vad==$version"
python3 - "$work/silero_vad-$version-py3-none-any.whl" "$work/model.onnx" <<'PYTHON'
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel, open(sys.argv[2], "wb") as file:
    file.write(wheel.read("silero_vad/data/silero_vad.onnx"))
PYTHON
if ! matches "$work/model.onnx"; then
  echo "$0: the wheel's silero_vad.onnx does not have sha256 $sha256" >&2
  exit 1
fi
mkdir -p "$(dirname "$file")"
mv "$work/model.onnx" "$file"
