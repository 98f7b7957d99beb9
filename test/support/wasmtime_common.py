"""What all versions of the package `wasmtime` have in common."""

import math
import re

from wasmtime import Config, Engine, ExitTrap, WasiConfig, _bindings

FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}

# What V8 has without flags. Not all of it is known to every version.
FEATURES = (
    "memory64", "multi_memory", "exceptions", "gc", "function_references", "tail_call",
    "component_model_map", "component_model_async", "component_model_async_stackful",
    "component_model_more_async_builtins",
)

engines = {}


def engine_for(request):
    key = (request["features"], request.get("isShort", False), request.get("cacheConfig"))
    if key not in engines:
        engines[key] = make_engine(*key)
    return engines[key]


def make_engine(features, is_short, cache):
    config = Config()
    for feature in FEATURES if features == "all" else ():
        turn_on = getattr(_bindings, f"wasmtime_config_wasm_{feature}_set", None)
        if turn_on is not None:
            turn_on(config.ptr(), True)
    if is_short:
        config.cranelift_opt_level = "none"
        config.parallel_compilation = False
    if cache:
        config.cache = cache
    return Engine(config)


def wasi_for(settings):
    wasi = WasiConfig()
    wasi.argv = settings["args"]
    wasi.env = list(settings["env"].items())
    wasi.stdin_file = settings["stdinFile"]
    for preopen in settings["preopens"]:
        add_directory(wasi, preopen["host"], preopen["guest"])
    return wasi


def add_directory(wasi, host, guest):
    try:
        from wasmtime import DirPerms, FilePerms
    except ImportError:
        wasi.preopen_dir(host, guest, False)
    else:
        wasi.preopen_dir(host, guest, DirPerms.READ_ONLY, FilePerms.READ_ONLY)


def failure_of(error):
    code = getattr(error, "code", None)
    exit_code = re.search(r"Exited with i32 exit status (\d+)", str(error))
    if isinstance(error, ExitTrap) and code is not None:
        return {"exit": code}
    return {"exit": int(exit_code.group(1))} if exit_code else {"trap": str(error)}


def camel(name):
    first, *rest = name.lower().split("-")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def float_out(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "-0" if value == 0 and math.copysign(1, value) < 0 else value
