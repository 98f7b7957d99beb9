"""Runs sessions of many components in Wasmtime: a JSON request a line on stdin, a JSON answer a line on stdout.

Every session has a store of its own. An answer is written before the next session begins, so that a crash names its
session: it is the first one without an answer.
"""

import base64
import json
import os
import sys

# A cache of the import would lie among the sources.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from wasmtime import Config, Engine, Store, WasmtimeError, _bindings  # noqa: E402
from wasmtime.component import Component, Linker  # noqa: E402
from wasmtime_runner import call, instantiate  # noqa: E402


def make_engine():
    config = Config()
    # As in wasmtime_runner.engine_for: what V8 has without flags.
    for feature in ("memory64", "multi_memory", "exceptions", "gc", "function_references", "tail_call"):
        setattr(config, f"wasm_{feature}", True)
    # The package has no properties for these.
    for feature in ("map", "async", "async_stackful", "more_async_builtins"):
        getattr(_bindings, f"wasmtime_config_wasm_component_model_{feature}_set")(config.ptr(), True)
    # Compiling takes longer than running here.
    config.cranelift_opt_level = "none"
    config.parallel_compilation = False
    return Engine(config)


def session(engine, request):
    store = Store(engine)
    try:
        return live(store, engine, request)
    finally:
        # Its memories would stay until the interpreter collects garbage.
        store.close()


def live(store, engine, request):
    waits = request["waits"]
    binary = base64.b64decode(request["component"])
    try:
        if waits:
            instance = instantiate(store, engine, binary, waits)
        else:
            instance = Linker(engine).instantiate(store, Component(engine, binary))
    except WasmtimeError as error:
        return {"instantiationError": str(error)}
    outcomes = []
    for one in request["calls"]:
        outcomes.append(call(store, instance, one, [], waits))
        # Nothing can be called in a component that trapped.
        if "trap" in outcomes[-1]:
            break
    return {"outcomes": outcomes}


def main():
    engine = make_engine()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = session(engine, request)
        except Exception as error:  # noqa: BLE001 - a defect of the test must name its case too
            answer = {"failure": f"{type(error).__name__}: {error}"}
        print(json.dumps({"id": request["id"], **answer}), flush=True)
    sys.stdout.flush()
    # As in wasmtime_runner: Wasmtime's threads may abort the process when the interpreter is taken down.
    os._exit(0)


if __name__ == "__main__":
    main()
