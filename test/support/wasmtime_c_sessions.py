"""Sessions of components by way of the C library alone, for versions whose package has nothing more for them.

That library tells no types, so they come with the request, as src/component/value-types.ts has them: "types" for each
call, and "imports", whose functions trap. It has no resources, and WASI 0.2 with no more than arguments and the streams
of its own process.
"""

import base64
import contextlib
import ctypes
import os
from ctypes import POINTER, byref, c_bool, c_char, c_double, c_float, c_size_t, c_uint8, c_uint32, c_void_p

from wasmtime import ExitTrap, Store, WasmtimeError
from wasmtime import _bindings as ffi

from wasmtime_common import FLOATS, camel, engine_for, failure_of, float_out


class Val(ctypes.Structure):
    pass


class Name(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("data", POINTER(c_char))]


class Field(ctypes.Structure):
    pass


class Vals(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("data", POINTER(Val))]


class Fields(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("data", POINTER(Field))]


class Names(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("data", POINTER(Name))]


class Case(ctypes.Structure):
    _fields_ = [("name", Name), ("val", POINTER(Val))]


class Result(ctypes.Structure):
    _fields_ = [("is_ok", c_bool), ("val", POINTER(Val))]


class Of(ctypes.Union):
    _fields_ = [
        ("boolean", c_bool),
        ("s8", ctypes.c_int8), ("u8", c_uint8), ("s16", ctypes.c_int16), ("u16", ctypes.c_uint16),
        ("s32", ctypes.c_int32), ("u32", c_uint32), ("s64", ctypes.c_int64), ("u64", ctypes.c_uint64),
        ("f32", c_float), ("f64", c_double),
        ("character", c_uint32), ("string", Name),
        ("list", Vals), ("record", Fields), ("tuple", Vals), ("variant", Case), ("enumeration", Name),
        ("option", POINTER(Val)), ("result", Result), ("flags", Names),
    ]


Val._fields_ = [("kind", c_uint8), ("of", Of)]
Field._fields_ = [("name", Name), ("val", Val)]

KINDS = (
    "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string", "list", "record",
    "tuple", "variant", "enum", "option", "result", "flags",
)
INTEGERS = ("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64")


class Unsupported(Exception):
    """The library does not have it: some of that would end the process."""


# Values, in. What they are made of lives as long as `kept`.


def array(kind, items, kept):
    made = (kind * len(items))(*items)
    kept.append(made)
    return made


def name_in(text, kept):
    data = text.encode()
    buffer = ctypes.create_string_buffer(data, len(data))
    kept.append(buffer)
    return Name(len(data), ctypes.cast(buffer, POINTER(c_char)))


def pointer_in(ty, value, kept):
    if ty is None:
        return None
    made = val_in(ty, value, kept)
    kept.append(made)
    return ctypes.pointer(made)


def vals_in(pairs, kept):
    items = [val_in(ty, value, kept) for ty, value in pairs]
    return Vals(len(items), array(Val, items, kept))


def val_in(ty, value, kept):
    kind = ty["kind"]
    if kind not in KINDS:
        raise Unsupported(f"values of type {kind}")
    val = Val(KINDS.index(kind))
    of = val.of
    if kind == "bool":
        of.boolean = value
    elif kind in INTEGERS:
        setattr(of, kind, int(value[:-1]) if isinstance(value, str) else int(value))
    elif kind in ("f32", "f64"):
        setattr(of, kind, FLOATS[value] if isinstance(value, str) else float(value))
    elif kind == "char":
        of.character = ord(value)
    elif kind == "string":
        of.string = name_in(value, kept)
    elif kind == "list":
        of.list = vals_in([(ty["element"], item) for item in value], kept)
    elif kind == "tuple":
        of.tuple = vals_in(zip(ty["items"], value, strict=True), kept)
    elif kind == "record":
        fields = [
            Field(name_in(one["name"], kept), val_in(one["type"], value.get(camel(one["name"])), kept))
            for one in ty["fields"]
        ]
        of.record = Fields(len(fields), array(Field, fields, kept))
    elif kind == "flags":
        names = [name_in(name, kept) for name in ty["labels"] if value.get(camel(name))]
        of.flags = Names(len(names), array(Name, names, kept))
    elif kind == "enum":
        of.enumeration = name_in(value, kept)
    elif kind == "option":
        tagged = value if ty["payload"]["kind"] == "option" else {"tag": "none"} if value is None else {"val": value}
        of.option = None if tagged.get("tag") == "none" else pointer_in(ty["payload"], tagged["val"], kept)
    elif kind == "result":
        of.result = Result(value["tag"] == "ok", pointer_in(ty.get(value["tag"]), value.get("val"), kept))
    elif kind == "variant":
        payload = next(one.get("type") for one in ty["cases"] if one["name"] == value["tag"])
        of.variant = Case(name_in(value["tag"], kept), pointer_in(payload, value.get("val"), kept))
    return val


# Values, out


def name_out(name):
    return ctypes.string_at(name.data, name.size).decode() if name.size else ""


def tagged_out(tag, ty, pointer):
    return {"tag": tag} if ty is None else {"tag": tag, "val": val_out(ty, pointer.contents)}


def val_out(ty, val):
    kind = ty["kind"]
    of = val.of
    if kind == "bool":
        return bool(of.boolean)
    if kind in ("s64", "u64"):
        return f"{getattr(of, kind)}n"
    if kind in INTEGERS:
        return getattr(of, kind)
    if kind in ("f32", "f64"):
        return float_out(getattr(of, kind))
    if kind == "char":
        return chr(of.character)
    if kind == "string":
        return name_out(of.string)
    if kind == "list":
        return [val_out(ty["element"], of.list.data[i]) for i in range(of.list.size)]
    if kind == "tuple":
        return [val_out(item, of.tuple.data[i]) for i, item in enumerate(ty["items"])]
    if kind == "record":
        return {camel(one["name"]): val_out(one["type"], of.record.data[i].val) for i, one in enumerate(ty["fields"])}
    if kind == "flags":
        there = {name_out(of.flags.data[i]) for i in range(of.flags.size)}
        return {camel(name): name in there for name in ty["labels"]}
    if kind == "enum":
        return name_out(of.enumeration)
    if kind == "option":
        out = val_out(ty["payload"], of.option.contents) if of.option else None
        if ty["payload"]["kind"] != "option":
            return out
        return {"tag": "some", "val": out} if of.option else {"tag": "none"}
    if kind == "result":
        tag = "ok" if of.result.is_ok else "err"
        return tagged_out(tag, ty.get(tag), of.result.val)
    if kind == "variant":
        tag = name_out(of.variant.name)
        return tagged_out(tag, next(one.get("type") for one in ty["cases"] if one["name"] == tag), of.variant.val)
    raise Unsupported(f"values of type {kind}")


def check_supported(ty):
    """Before a call, because a value that cannot be told ends the process."""
    if ty["kind"] not in KINDS:
        raise Unsupported(f"values of type {ty['kind']}")
    inner = [ty.get("element"), ty.get("payload"), ty.get("ok"), ty.get("err"), *ty.get("items", ())]
    inner += [one.get("type") for one in (*ty.get("fields", ()), *ty.get("cases", ()))]
    for one in inner:
        if one is not None:
            check_supported(one)


# The session


def check(error):
    if error:
        raise WasmtimeError._from_ptr(error)


def text(name):
    data = name.encode()
    return ctypes.create_string_buffer(data, len(data)), len(data)


CALLBACK = ffi.wasmtime_component_func_callback_t
FINALIZER = ctypes.CFUNCTYPE(None, c_void_p)


@CALLBACK
def trap_of_import(_data, _context, _args, _arg_count, _results, _result_count):
    # An error, by the address that the library would have got of one of its own.
    message = b"an import that nobody provides"
    error = ffi.wasmtime_error_new(ctypes.create_string_buffer(message))
    return ctypes.cast(error, c_void_p).value


NO_FINALIZER = FINALIZER(0)


def define_traps(linker, imports):
    root = ffi.wasmtime_component_linker_root(linker)
    for one in imports:
        if one["name"].startswith("wasi:"):
            continue
        inner = POINTER(ffi.wasmtime_component_linker_instance_t)()
        is_func = one["functions"] == [""]
        if not is_func:
            check(ffi.wasmtime_component_linker_instance_add_instance(root, *text(one["name"]), byref(inner)))
        for func in one["functions"]:
            if func.startswith("["):
                continue
            owner, name = (root, one["name"]) if is_func else (inner, func)
            add = ffi.wasmtime_component_linker_instance_add_func
            check(add(owner, *text(name), trap_of_import, None, NO_FINALIZER))
        if not is_func:
            ffi.wasmtime_component_linker_instance_delete(inner)
    ffi.wasmtime_component_linker_instance_delete(root)


def instantiate(store, engine, binary, imports):
    component = POINTER(ffi.wasmtime_component_t)()
    buffer = (c_uint8 * len(binary)).from_buffer_copy(binary)
    check(ffi.wasmtime_component_new(engine.ptr(), buffer, len(binary), byref(component)))
    linker = ffi.wasmtime_component_linker_new(engine.ptr())
    try:
        check(ffi.wasmtime_component_linker_add_wasip2(linker))
        define_traps(linker, imports)
        instance = ffi.wasmtime_component_instance_t()
        check(ffi.wasmtime_component_linker_instantiate(linker, store._context(), component, byref(instance)))
        return instance
    finally:
        ffi.wasmtime_component_linker_delete(linker)
        ffi.wasmtime_component_delete(component)


def find(store, instance, name):
    index = None
    for part in name if isinstance(name, list) else [name]:
        index = ffi.wasmtime_component_instance_get_export_index(byref(instance), store._context(), index, *text(part))
        if not index:
            raise LookupError(f"the component does not export {part}")
    func = ffi.wasmtime_component_func_t()
    if not ffi.wasmtime_component_instance_get_func(byref(instance), store._context(), index, byref(func)):
        raise LookupError(f"the component does not export the function {name}")
    return func


def call(store, instance, request, ty):
    func = find(store, instance, request["export"])
    result = ty.get("result")
    for one in [*(param["type"] for param in ty["params"]), *([] if result is None else [result])]:
        check_supported(one)
    kept = []
    args = [val_in(param["type"], arg, kept) for param, arg in zip(ty["params"], request["args"], strict=True)]
    given = array(Val, args, kept)
    results = (Val * (0 if result is None else 1))()
    as_vals = lambda vals: ctypes.cast(vals, POINTER(ffi.wasmtime_component_val_t))  # noqa: E731
    try:
        check(ffi.wasmtime_component_func_call(
            byref(func), store._context(), as_vals(given), len(given), as_vals(results), len(results)
        ))
        value = None if result is None else val_out(result, results[0])
        check(ffi.wasmtime_component_func_post_return(byref(func), store._context()))
    except (WasmtimeError, ExitTrap) as error:
        return failure_of(error)
    if result is not None and result["kind"] == "result":
        return {value["tag"]: value.get("val")}
    return {"ok": value}


def session(request):
    wasi = request["wasi"]
    files = {name: os.path.join(wasi["directory"], name) for name in ("stdout", "stderr")}
    try:
        with contextlib.ExitStack() as streams:
            streams.enter_context(stream(0, wasi["stdinFile"], os.O_RDONLY))
            for number, path in enumerate(files.values(), 1):
                streams.enter_context(stream(number, path, os.O_WRONLY | os.O_CREAT))
            outcomes = live(request)
    except WasmtimeError as error:
        return {"instantiationError": str(error)}
    except Unsupported as error:
        return {"instantiationError": f"the C library has no {error}"}
    return {"outcomes": outcomes, **{name: contents(path) for name, path in files.items()}}


def live(request):
    engine = engine_for(request)
    store = Store(engine)
    set_wasi(store, request["wasi"])
    instance = instantiate(store, engine, base64.b64decode(request["component"]), request["imports"])
    outcomes = []
    for one, ty in zip(request["calls"], request["types"], strict=True):
        outcomes.append(call(store, instance, one, ty))
        if request.get("isShort") and "trap" in outcomes[-1]:
            break
    return outcomes


def set_wasi(store, settings):
    if settings["env"] or settings["preopens"]:
        raise Unsupported("environment and no directories")
    config = ffi.wasmtime_wasip2_config_new()
    for arg in settings["args"]:
        ffi.wasmtime_wasip2_config_arg(config, *text(arg))
    for name in ("stdin", "stdout", "stderr"):
        getattr(ffi, f"wasmtime_wasip2_config_inherit_{name}")(config)
    ffi.wasmtime_context_set_wasip2(store._context(), config)


@contextlib.contextmanager
def stream(number, path, flags):
    """Puts a file in the place of a stream of this process."""
    before = os.dup(number)
    file = os.open(path, flags)
    os.dup2(file, number)
    try:
        yield
    finally:
        os.dup2(before, number)
        os.close(file)
        os.close(before)


def contents(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")
