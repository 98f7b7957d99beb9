package.cpath = "/lua/?.so"
native = require "native"

list = native.list()
squares = {}
for i = 1, 100 do
  squares[i] = i * i
  list:push(native.apply(function(a, b) return native.add(a, b) end, squares[i], native.count()))
end

-- Suspended in the middle of a loop.
generator = coroutine.wrap(function()
  for i = 1, math.huge do coroutine.yield(squares[i]) end
end)
generator()

remembered = { pcall(native.apply, error, "before") }
