;; Lists of a fixed length go from one component to another, flat and through memory.
(component
  (component $Echo
    (core module $m
      (memory (export "m") 1)
      (func (export "reverse") (param i32 i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 2)) (i32.store (i32.const 20) (local.get 1)) (i32.store (i32.const 24) (local.get 0))
        (i32.const 16))
      ;; More elements than are passed flat: at 64 from realloc.
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "sum") (param i32) (result i64)
        (i64.add (i64.load16_s (local.get 0)) (i64.load16_s offset=32 (local.get 0)))))
    (core instance $i (instantiate $m))
    (func (export "reverse") (param "l" (list s32 3)) (result (list s32 3))
      (canon lift (core func $i "reverse") (memory (core memory $i "m"))))
    (func (export "sum") (param "l" (list s16 17)) (result s64)
      (canon lift (core func $i "sum") (memory (core memory $i "m")) (realloc (core func $i "realloc")))))
  (component $Caller
    (import "reverse" (func $reverse (param "l" (list s32 3)) (result (list s32 3))))
    (import "sum" (func $sum (param "l" (list s16 17)) (result s64)))
    (core module $Mem (memory (export "m") 1)) (core instance $mem (instantiate $Mem))
    (core func $reverse' (canon lower (func $reverse) (memory (core memory $mem "m"))))
    (core func $sum' (canon lower (func $sum) (memory (core memory $mem "m"))))
    (core module $m
      (import "" "m" (memory 1))
      (import "" "reverse" (func $reverse (param i32 i32 i32 i32))) (import "" "sum" (func $sum (param i32) (result i64)))
      (func (export "last") (result i32)
        (call $reverse (i32.const -7) (i32.const 0x7fffffff) (i32.const 5) (i32.const 8))
        (if (i32.ne (i32.load (i32.const 8)) (i32.const 5)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 12)) (i32.const 0x7fffffff)) (then unreachable))
        (i32.load (i32.const 16)))
      (func (export "sum") (result i64)
        (i32.store16 (i32.const 2) (i32.const -2)) (i32.store16 (i32.const 34) (i32.const 44))
        (call $sum (i32.const 2))))
    (core instance $i (instantiate $m (with "" (instance
      (export "m" (memory $mem "m")) (export "reverse" (func $reverse')) (export "sum" (func $sum'))))))
    (func (export "last") (result s32) (canon lift (core func $i "last")))
    (func (export "sum") (result s64) (canon lift (core func $i "sum"))))
  (instance $echo (instantiate $Echo))
  (instance $caller (instantiate $Caller (with "reverse" (func $echo "reverse")) (with "sum" (func $echo "sum"))))
  (func (export "last") (alias export $caller "last"))
  (func (export "sum") (alias export $caller "sum")))
(assert_return (invoke "last") (s32.const -7))
(assert_return (invoke "sum") (s64.const 42))
