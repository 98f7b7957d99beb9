"""Runs one session of a component in Wasmtime: a JSON request on stdin, a JSON answer on stdout.

Values travel in the form that test/support/session.ts describes. The conversions follow the component's own types,
because a JSON value alone does not say whether it is a record, a variant or a set of flags.
"""

import base64
import ctypes
import json
import math
import os
import re
import sys

from wasmtime import Config, Engine, ExitTrap, Store, WasiConfig, WasmtimeError, _bindings
from wasmtime.component import (
    S8, S16, S32, S64, U8, U16, U32, U64, F32, F64, Bool, Char, String,
    BorrowType, Component, EnumType, FlagsType, Instance, Linker, ListType, OptionType, OwnType, Record, RecordType,
    ResultType, TupleType, Variant, VariantType,
)

FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}
INTEGERS = (S8, S16, S32, S64, U8, U16, U32, U64)


def camel(name):
    first, *rest = name.lower().split("-")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


# Component values, out


def float_out(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "-0" if value == 0 and math.copysign(1, value) < 0 else value


def case_of(ty, value):
    """The case of a variant-like value: the package leaves the tag out where the Python class tells the case."""
    if ty._tagged():
        return value.tag, value.payload
    for name, payload in ty._cases():
        classes = set()
        if payload is None:
            if value is None:
                return name, None
        else:
            payload.add_classes(classes)
            if isinstance(value, tuple(classes)):
                return name, value
    raise ValueError(f"{value!r} is no case of {ty!r}")


def value_out(ty, value):
    if isinstance(ty, (S64, U64)):
        return f"{value}n"
    if isinstance(ty, (F32, F64)):
        return float_out(value)
    if isinstance(ty, ListType):
        return [value_out(ty.element, item) for item in value]
    if isinstance(ty, TupleType):
        return [value_out(*pair) for pair in zip(ty.elements, value)]
    if isinstance(ty, RecordType):
        return {camel(name): value_out(field, getattr(value, name)) for name, field in ty.fields}
    if isinstance(ty, FlagsType):
        return {camel(name): name in value for name in ty.names}
    if isinstance(ty, OptionType):
        return option_out(ty, value)
    if isinstance(ty, (VariantType, ResultType)):
        name, payload = case_of(ty, value)
        case = dict(ty._cases())[name]
        return {"tag": name} if case is None else {"tag": name, "val": value_out(case, payload)}
    if isinstance(ty, (OwnType, BorrowType)):
        return {"resource": True}
    return value


def option_out(ty, value):
    name, payload = case_of(ty, value)
    out = value_out(ty.payload, payload) if name == "some" else None
    if not isinstance(ty.payload, OptionType):
        return out
    # jco tells the levels of nested options apart by tags.
    return {"tag": "some", "val": out} if name == "some" else {"tag": "none"}


# Component values, in


def value_in(ty, value, earlier):
    if isinstance(value, dict) and set(value) == {"handle"}:
        return earlier[value["handle"]]
    if isinstance(ty, INTEGERS):
        return int(value[:-1]) if isinstance(value, str) else int(value)
    if isinstance(ty, (F32, F64)):
        return FLOATS[value] if isinstance(value, str) else float(value)
    if isinstance(ty, ListType):
        items = [value_in(ty.element, item, earlier) for item in value]
        return bytes(items) if isinstance(ty.element, U8) else items
    if isinstance(ty, TupleType):
        return tuple(value_in(*pair, earlier) for pair in zip(ty.elements, value))
    if isinstance(ty, RecordType):
        return record_in(ty, value, earlier)
    if isinstance(ty, FlagsType):
        return {name for name in ty.names if value.get(camel(name))}
    if isinstance(ty, OptionType):
        tag = value if isinstance(ty.payload, OptionType) else option_tag(value)
        return variant_in(ty, tag, earlier)
    if isinstance(ty, (VariantType, ResultType)):
        return variant_in(ty, value, earlier)
    return value


def option_tag(value):
    return {"tag": "none"} if value is None else {"tag": "some", "val": value}


def record_in(ty, value, earlier):
    record = Record()
    for name, field in ty.fields:
        setattr(record, name, value_in(field, value.get(camel(name)), earlier))
    return record


def variant_in(ty, value, earlier):
    case = dict(ty._cases())[value["tag"]]
    payload = None if case is None else value_in(case, value.get("val"), earlier)
    return Variant(value["tag"], payload) if ty._tagged() else payload


# The session


def engine_for(request):
    config = Config()
    # V8 has these without flags, and the two engines are to run the same inputs.
    for feature in ("memory64", "multi_memory", "exceptions", "gc", "function_references", "tail_call"):
        setattr(config, f"wasm_{feature}", True)
    # The package has no property for it.
    _bindings.wasmtime_config_wasm_component_model_async_set(config.ptr(), True)
    _bindings.wasmtime_config_wasm_component_model_async_stackful_set(config.ptr(), True)
    _bindings.wasmtime_config_wasm_component_model_more_async_builtins_set(config.ptr(), True)
    if request.get("cacheConfig"):
        config.cache = request["cacheConfig"]
    return Engine(config)


def wasi_for(settings):
    wasi = WasiConfig()
    wasi.argv = settings["args"]
    wasi.env = list(settings["env"].items())
    wasi.stdin_file = settings["stdinFile"]
    for preopen in settings["preopens"]:
        wasi.preopen_dir(preopen["host"], preopen["guest"], False)
    return wasi


def instantiate(store, engine, binary, waits):
    component = Component(engine, binary)
    linker = Linker(engine)
    if waits:
        _bindings.wasmtime_component_linker_add_wasip2_async(linker.ptr())
    else:
        linker.add_wasip2()
    linker.define_unknown_imports_as_traps(component)
    if not waits:
        return linker.instantiate(store, component)
    instance = _bindings.wasmtime_component_instance_t()
    out = ctypes.byref(instance)
    start = _bindings.wasmtime_component_linker_instantiate_async
    complete(lambda error: start(linker.ptr(), store._context(), component.ptr(), out, error))
    return Instance._from_raw(instance)


# The package has async calls as the C API has them only.


def complete(start):
    error = ctypes.POINTER(_bindings.wasmtime_error_t)()
    future = start(ctypes.byref(error))
    while not _bindings.wasmtime_call_future_poll(future):
        pass
    _bindings.wasmtime_call_future_delete(future)
    if error:
        raise WasmtimeError._from_ptr(error)


def call_async(store, func, ty, args):
    given = (_bindings.wasmtime_component_val_t * len(args))()
    for index, ((_, param), arg) in enumerate(zip(ty.params, args)):
        param.convert_to_c(store, arg, ctypes.pointer(given[index]))
    results = (_bindings.wasmtime_component_val_t * (0 if ty.result is None else 1))()
    start = _bindings.wasmtime_component_func_call_async
    complete(
        lambda error: start(
            ctypes.byref(func._func), store._context(), given, len(given), results, len(results), error
        )
    )
    return None if ty.result is None else ty.result.convert_from_c(results[0])


def find(store, instance, name):
    parent = None
    if isinstance(name, list):
        parent = instance.get_export_index(store, name[0])
        if parent is None:
            raise LookupError(f"the component does not export {name[0]}")
        name = name[1]
    index = instance.get_export_index(store, name, parent)
    func = None if index is None else instance.get_func(store, index)
    if func is None:
        raise LookupError(f"the component does not export the function {name}")
    return func


def outcome_of(ty, value):
    if isinstance(ty, ResultType):
        name, payload = case_of(ty, value)
        case = dict(ty._cases())[name]
        return {name: None if case is None else value_out(case, payload)}
    return {"ok": None if ty is None else value_out(ty, value)}


def failure_of(error):
    code = getattr(error, "code", None)
    exit_code = re.search(r"Exited with i32 exit status (\d+)", str(error))
    if isinstance(error, ExitTrap) and code is not None:
        return {"exit": code}
    return {"exit": int(exit_code.group(1))} if exit_code else {"trap": str(error)}


def call(store, instance, request, earlier, waits=False):
    func = find(store, instance, request["export"])
    ty = func.type(store)
    args = [value_in(param, arg, earlier) for (_, param), arg in zip(ty.params, request["args"], strict=True)]
    try:
        value = call_async(store, func, ty, args) if waits else func(store, *args)
    except (WasmtimeError, ExitTrap) as error:
        earlier.append(None)
        return failure_of(error)
    earlier.append(value)
    return outcome_of(ty.result, value)


def run(request):
    engine = engine_for(request)
    store = Store(engine)
    streams = {"stdout": bytearray(), "stderr": bytearray()}
    wasi = wasi_for(request["wasi"])
    wasi.stdout_custom = lambda data: streams["stdout"].extend(data)
    wasi.stderr_custom = lambda data: streams["stderr"].extend(data)
    store.set_wasi(wasi)
    waits = request["waits"]
    try:
        instance = instantiate(store, engine, base64.b64decode(request["component"]), waits)
    except WasmtimeError as error:
        return {"instantiationError": str(error)}
    earlier = []
    outcomes = [call(store, instance, one, earlier, waits) for one in request["calls"]]
    return {"outcomes": outcomes, **{name: data.decode("utf-8", "replace") for name, data in streams.items()}}


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
    sys.stdout.flush()
    # Wasmtime's threads may panic, and abort the process, when the interpreter is taken down around them.
    os._exit(0)
