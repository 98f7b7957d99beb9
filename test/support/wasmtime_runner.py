"""Runs sessions of components in Wasmtime: a JSON request a line on stdin, a JSON answer a line on stdout.

An answer is written before the next session begins, so that a crash names its session: it is the first one without an
answer.

Values travel in the form that test/support/session.ts describes.
"""

import importlib.util
import json
import os
import sys

# A cache of the imports would lie among the sources.
sys.dont_write_bytecode = True

if importlib.util.find_spec("wasmtime.component") is None:
    from wasmtime_c_sessions import session  # noqa: E402
else:
    from wasmtime_sessions import session  # noqa: E402


def main():
    for line in sys.stdin:
        try:
            answer = session(json.loads(line))
        except Exception as error:  # noqa: BLE001 - a defect of the test must name its case too
            answer = {"failure": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
    sys.stdout.flush()
    # Wasmtime's threads may panic, and abort the process, when the interpreter is taken down around them.
    os._exit(0)


if __name__ == "__main__":
    main()
