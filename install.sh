#!/bin/sh
# Bring .venv in line with a requirements file: install.sh requirements.txt
# Does nothing where the file is the one that was installed last.
set -eu
cd "$(dirname "$0")"
wanted=${1:-requirements.txt}
python=${PYTHON:-python3}
venv=.venv

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Facteur needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2
    exit 1
}
[ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import pip' 2>/dev/null || {
    echo "Making a virtual environment in $venv"
    rm -rf "$venv"
    if ! "$python" -c 'import ensurepip' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "This Python cannot make one yet: installing python3-venv"
        apt-get install -y -qq python3-venv >/dev/null 2>&1 ||
            { apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } || true
    fi
    "$python" -m venv "$venv" || {
        echo "python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2
        exit 1
    }
}
fingerprint=$(cat requirements.txt "$wanted" | "$venv/bin/python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read() + sys.version.encode()).hexdigest())')
stamp=$venv/installed-$(basename "$wanted" .txt)
[ "$(cat "$stamp" 2>/dev/null || true)" = "$fingerprint" ] && exit 0

echo "Installing the packages of $wanted"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# uv installs several times faster; pip alone does as well. Certificates of the machine's owner count (two names: newer and older uv).
export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
if [ -x "$venv/bin/uv" ] || "$venv/bin/pip" install --quiet uv >/dev/null 2>&1; then
    "$venv/bin/uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" -r "$wanted" || "$venv/bin/pip" install --quiet -r "$wanted"
else
    "$venv/bin/pip" install --quiet -r "$wanted"
fi
# Starting takes several times longer where nothing is compiled.
"$venv/bin/python" -m compileall -q config mailcore webmail admin_panel || true
echo "$fingerprint" > "$stamp"
