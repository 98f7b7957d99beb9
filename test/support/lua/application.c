#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

#define EXPORT(name) __attribute__((export_name(name)))

static lua_State *lua;

/* Bindings have this, for strings. */
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) { return realloc(old, size); }

/* Of linit.c all but `io` and `os`, which need temporary files and processes. */
static const luaL_Reg libraries[] = {
    {"_G", luaopen_base},           {LUA_LOADLIBNAME, luaopen_package}, {LUA_COLIBNAME, luaopen_coroutine},
    {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},  {LUA_MATHLIBNAME, luaopen_math},
};

EXPORT("init") void init(void) {
  lua = luaL_newstate();
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
    lua_pop(lua, 1);
  }
  if (luaL_dofile(lua, "/lua/init.lua") == LUA_OK) return;
  fprintf(stderr, "%s\n", lua_tostring(lua, -1));
  abort();
}

/* Leaves a result on Lua's stack: the script's first, or its error. */
static void run(const char *script, size_t size) {
  int failed = luaL_loadbuffer(lua, script, size, "=eval") || lua_pcall(lua, 0, 1, 0);
  lua_pushstring(lua, failed ? "error: " : "");
  luaL_tolstring(lua, -2, NULL);
  lua_concat(lua, 2);
}

EXPORT("eval") const void *eval(const char *script, size_t size) {
  static const void *result[2];
  lua_settop(lua, 0);
  run(script, size);
  size_t length;
  result[0] = lua_tolstring(lua, -1, &length);
  result[1] = (void *)length;
  return result;
}
