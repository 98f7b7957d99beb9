#include <stdlib.h>
#include <string.h>
#include "lauxlib.h"
#include "lua.h"

static int add(lua_State *lua) {
  lua_pushnumber(lua, luaL_checknumber(lua, 1) + luaL_checknumber(lua, 2));
  return 1;
}

/* How often it was called. */
static int count(lua_State *lua) {
  static int calls;
  lua_pushinteger(lua, ++calls);
  return 1;
}

/* Calls its first argument with the others. Lua's errors jump over this frame. */
static int apply(lua_State *lua) {
  lua_call(lua, lua_gettop(lua) - 1, LUA_MULTRET);
  return lua_gettop(lua);
}

static int fail(lua_State *lua) { return luaL_error(lua, "native: %s", luaL_checkstring(lua, 1)); }

/* A list of numbers, whose memory is the C library's. */
#define LIST "native.list"

typedef struct {
  size_t length;
  lua_Number *numbers;
} list;

static int new_list(lua_State *lua) {
  list *new = lua_newuserdata(lua, sizeof *new);
  *new = (list){0, NULL};
  luaL_setmetatable(lua, LIST);
  return 1;
}

static int push(lua_State *lua) {
  list *self = luaL_checkudata(lua, 1, LIST);
  lua_Number number = luaL_checknumber(lua, 2);
  self->numbers = realloc(self->numbers, (self->length + 1) * sizeof number);
  memcpy(self->numbers + self->length++, &number, sizeof number);
  return 0;
}

static int sum(lua_State *lua) {
  list *self = luaL_checkudata(lua, 1, LIST);
  lua_Number total = 0;
  for (size_t i = 0; i < self->length; i++) total += self->numbers[i];
  lua_pushnumber(lua, total);
  return 1;
}

static int length(lua_State *lua) {
  list *self = luaL_checkudata(lua, 1, LIST);
  lua_pushinteger(lua, self->length);
  return 1;
}

static int collected;

static int collect(lua_State *lua) {
  list *self = luaL_checkudata(lua, 1, LIST);
  free(self->numbers);
  collected++;
  return 0;
}

/* How many lists were. */
static int count_collected(lua_State *lua) {
  lua_pushinteger(lua, collected);
  return 1;
}

static const luaL_Reg methods[] = {{"push", push}, {"sum", sum}, {"__len", length}, {"__gc", collect}, {NULL, NULL}};

static const luaL_Reg functions[] = {
    {"add", add},   {"count", count},   {"apply", apply},
    {"fail", fail}, {"list", new_list}, {"collected", count_collected},
    {NULL, NULL},
};

int luaopen_native(lua_State *lua) {
  luaL_newmetatable(lua, LIST);
  luaL_setfuncs(lua, methods, 0);
  lua_pushvalue(lua, -1);
  lua_setfield(lua, -2, "__index");
  luaL_newlib(lua, functions);
  return 1;
}
