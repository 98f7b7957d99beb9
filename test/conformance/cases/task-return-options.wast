;; task.return names the string encoding of its function, always, and its memory, where it names one.
(component
  (core func $return (canon task.return (result u32) string-encoding=utf16))
  (core module $m
    (import "" "return" (func $return (param i32)))
    (func (export "f") (call $return (i32.const 3)) ))
  (core instance $i (instantiate $m (with "" (instance (export "return" (func $return))))))
  (func (export "f") async (result u32) (canon lift (core func $i "f") async)))
(assert_trap (invoke "f") "invalid `task.return` signature and/or options for current task")
(component
  (core module $mem (memory (export "m") 1)) (core instance $mem (instantiate $mem))
  (core func $return (canon task.return (result u32)))
  (core module $m
    (import "" "return" (func $return (param i32)))
    (func (export "f") (call $return (i32.const 3)) ))
  (core instance $i (instantiate $m (with "" (instance (export "return" (func $return))))))
  (func (export "f") async (result u32) (canon lift (core func $i "f") (memory (core memory $mem "m")) async)))
(assert_return (invoke "f") (u32.const 3))
(component
  (core module $mem (memory (export "m") 1)) (core instance $mem (instantiate $mem))
  (core func $return (canon task.return (result u32) (memory (core memory $mem "m"))))
  (core module $m
    (import "" "return" (func $return (param i32)))
    (func (export "f") (call $return (i32.const 3)) ))
  (core instance $i (instantiate $m (with "" (instance (export "return" (func $return))))))
  (func (export "f") async (result u32) (canon lift (core func $i "f") async)))
(assert_trap (invoke "f") "invalid `task.return` signature and/or options for current task")
