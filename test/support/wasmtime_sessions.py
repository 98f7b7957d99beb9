"""Sessions of components by way of what the package `wasmtime` has for them.

Values travel in the form that test/support/session.ts describes. The conversions follow the component's own types,
because a JSON value alone does not say whether it is a record, a variant or a set of flags.
"""

import base64
import ctypes

from wasmtime import ExitTrap, Store, WasmtimeError, _bindings
from wasmtime.component import (
    S8, S16, S32, S64, U8, U16, U32, U64, F32, F64, Bool, Char, String,
    BorrowType, Component, EnumType, FlagsType, Instance, Linker, ListType, OptionType, OwnType, Record, RecordType,
    ResultType, TupleType, Variant, VariantType,
)

from wasmtime_common import FLOATS, camel, engine_for, failure_of, float_out, wasi_for

INTEGERS = (S8, S16, S32, S64, U8, U16, U32, U64)


# Component values, out


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


def instantiate(store, engine, binary, waits, has_wasi):
    component = Component(engine, binary)
    linker = Linker(engine)
    if not (waits or has_wasi):
        return linker.instantiate(store, component)
    if waits:
        _bindings.wasmtime_component_linker_add_wasip2_async(linker.ptr())
    else:
        linker.add_wasip2()
    if not waits:
        return instantiate_with_traps(store, linker, component)
    linker.define_unknown_imports_as_traps(component)
    instance = _bindings.wasmtime_component_instance_t()
    out = ctypes.byref(instance)
    start = _bindings.wasmtime_component_linker_instantiate_async
    complete(lambda error: start(linker.ptr(), store._context(), component.ptr(), out, error))
    return Instance._from_raw(instance)


def instantiate_with_traps(store, linker, component):
    """Imports that nobody provides trap. To an older version every interface of a newer WASI is one of these, unless it
    is let find its own."""
    try:
        return linker.instantiate(store, component)
    except WasmtimeError as error:
        if "not found in the linker" not in str(error):
            raise
    linker.define_unknown_imports_as_traps(component)
    return linker.instantiate(store, component)


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


def session(request):
    engine = engine_for(request)
    store = Store(engine)
    try:
        return live(store, engine, request)
    finally:
        # Its memories would stay until the interpreter collects garbage.
        store.close()


def live(store, engine, request):
    streams = {"stdout": bytearray(), "stderr": bytearray()}
    if "wasi" in request:
        wasi = wasi_for(request["wasi"])
        wasi.stdout_custom = lambda data: streams["stdout"].extend(data)
        wasi.stderr_custom = lambda data: streams["stderr"].extend(data)
        store.set_wasi(wasi)
    waits = request["waits"]
    try:
        instance = instantiate(store, engine, base64.b64decode(request["component"]), waits, "wasi" in request)
    except WasmtimeError as error:
        return {"instantiationError": str(error)}
    earlier = []
    outcomes = []
    for one in request["calls"]:
        outcomes.append(call(store, instance, one, earlier, waits))
        # Nothing can be called in a component that trapped.
        if request.get("isShort") and "trap" in outcomes[-1]:
            break
    return {"outcomes": outcomes, **{name: data.decode("utf-8", "replace") for name, data in streams.items()}}
