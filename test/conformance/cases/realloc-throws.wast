;; An exception of realloc is a trap, which nobody catches.
(component
  (component $C
    (core module $m (memory (export "m") 1) (func (export "f") (result i32) (i32.const 0)) (data (i32.const 0) "\08\00\00\00\01\00\00\00a"))
    (core instance $i (instantiate $m))
    (func (export "f") (result string) (canon lift (core func $i "f") (memory (core memory $i "m")))))
  (component $D
    (import "f" (func $f (result string)))
    (core module $Mem (memory (export "m") 1) (tag $t)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (throw $t)))
    (core instance $mem (instantiate $Mem))
    (core func $f' (canon lower (func $f) (memory (core memory $mem "m")) (realloc (core func $mem "realloc"))))
    (core module $m (import "" "f" (func $f (param i32)))
      (func (export "run") (result i32)
        (block $h (try_table (catch_all $h) (call $f (i32.const 16))) (return (i32.const 1)))
        (i32.const 2)))
    (core instance $i (instantiate $m (with "" (instance (export "f" (func $f'))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $c (instantiate $C)) (instance $d (instantiate $D (with "f" (func $c "f"))))
  (func (export "run") (alias export $d "run")))
(assert_trap (invoke "run") "uncaught exception propagated out of component")
