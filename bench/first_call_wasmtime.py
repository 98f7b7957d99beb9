#!/usr/bin/env python3
"""The first call of a StarlingMonkey component in Wasmtime (PyPI: wasmtime).

    first_call_wasmtime.py COMPONENT [--call]

Prints { compileMs, firstMs, nextMs }: the compilation (no cache); a first instance; the median of 20 further instances.
--call: the bound component's `find` is called as well. Without it, instantiation alone.
"""
import json
import statistics
import sys
import time

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker


def main():
    path, call = sys.argv[1], "--call" in sys.argv[2:]
    engine = Engine()
    start = time.perf_counter()
    component = Component.from_file(engine, path)
    compiled = time.perf_counter()
    linker = Linker(engine)
    linker.add_wasip2()
    linker.add_wasi_http()
    linker.define_unknown_imports_as_traps(component)

    def once():
        start = time.perf_counter()
        store = Store(engine)
        store.set_wasi(WasiConfig())
        if hasattr(store, "set_wasi_http"):
            store.set_wasi_http()
        instance = linker.instantiate(store, component)
        if call:
            catalog = instance.get_export_index(store, "example:shop/catalog@0.1.0")
            find = instance.get_func(store, instance.get_export_index(store, "find", catalog))
            item = find(store, "S04999")
            find.post_return(store)
            if getattr(getattr(item, "payload", item), "price") != 114:
                raise SystemExit(f"a wrong answer: {item}")
        return (time.perf_counter() - start) * 1000

    first = once()
    rest = statistics.median(once() for _ in range(20))
    print(json.dumps({"compileMs": (compiled - start) * 1000, "firstMs": first, "nextMs": rest}))


main()
