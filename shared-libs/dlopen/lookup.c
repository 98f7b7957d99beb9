/*
 * Stands in a pre-initialized component for the host that opened its libraries: they are in the component, and what their handles and
 * symbols are is in a table. It has a memory of its own, and does not see the program's: adapter.c carries texts between the two, byte by
 * byte, so that no engine needs to know modules of two memories.
 *
 * A call is `begin`, then `put` for each byte of its text, then what is asked, then `error_size` and `error_byte` if there is an error,
 * then `end`.
 */
#include "lookup.h"
#include "symbols.h"

#define EXPORT(name) __attribute__((export_name(#name))) name

/* The bits of open-flags. */
#define NO_LOAD 1
#define GLOBAL 2
#define NO_DELETE 4

#define DEFAULT_SCOPE 0
#define PROGRAM_HANDLE 1
#define NEXT_SCOPE 0xffffffffu

/* src/dlopen/lookup.ts lays these out. */
struct library {
  /* As it was given out while initializing. */
  uint32_t handle;
  /* What it can be opened by. */
  uint32_t name_count;
  const struct name *names;
  struct symbols symbols;
  /* Where dlsym looks: itself, and then what it needs, breadth first. */
  uint32_t scope_count;
  struct library *const *scope;
  /* How often it is open. What is there from the start always is. */
  uint32_t open_count;
  /* Its place in the order of what is global; 0 for none. */
  uint32_t global_since;
  uint32_t is_program;
  /* Whether it stays when it is closed: others need it, or it was opened so. */
  uint32_t is_held;
};

struct root {
  uint32_t library_count;
  struct library *libraries;
  uint32_t last_global;
  /* The first address after the table. */
  uint32_t heap_start;
  /* The highest handle that was given out, of libraries that are gone, too. */
  uint32_t last_handle;
  /* Whether there is a host to ask for what is not here. */
  uint32_t has_host;
};

struct root *component_init_root;

static uint32_t answer;
static char message[256];
static uint32_t message_length;

/* What a call needs lives until it ends. */
static uint32_t heap_end;

static void *allocate(uint32_t size) {
  uint32_t start = (heap_end + 3) & -4;
  uint32_t end = start + size;
  uint32_t limit = __builtin_wasm_memory_size(0) << 16;
  if (end < start) __builtin_trap();
  if (end > limit && __builtin_wasm_memory_grow(0, (end - limit + 0xffff) >> 16) == (size_t)-1) __builtin_trap();
  heap_end = end;
  return (void *)start;
}

static unsigned char *text;
static uint32_t text_size;
static int is_busy;

/* Room for a text. A program that calls from within its own realloc would find the answer to another call. */
unsigned char *EXPORT(begin)(uint32_t size) {
  if (is_busy) __builtin_trap();
  is_busy = 1;
  heap_end = component_init_root->heap_start;
  text_size = size;
  text = allocate(size);
  return text;
}

void EXPORT(put)(unsigned char *where, uint32_t byte) { *where = byte; }

void EXPORT(end)(void) { is_busy = 0; }

uint32_t EXPORT(value)(void) { return answer; }

/* A code point, and how many bytes or units it took: CanonicalABI.md traps where a text is not well-formed. */
struct character {
  uint32_t code;
  uint32_t size;
};

static uint32_t continuation(const unsigned char *bytes, uint32_t size, uint32_t index) {
  if (index >= size || (bytes[index] & 0xc0) != 0x80) __builtin_trap();
  return bytes[index] & 0x3f;
}

static struct character utf8_character(const unsigned char *bytes, uint32_t size) {
  static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t first = bytes[0];
  if (first < 0x80) return (struct character){first, 1};
  uint32_t length = first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
  if (length == 0) __builtin_trap();
  uint32_t code = first & (0x7f >> length);
  for (uint32_t i = 1; i < length; i++) code = code << 6 | continuation(bytes, size, i);
  if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) __builtin_trap();
  return (struct character){code, length};
}

static uint32_t utf16_unit(const unsigned char *bytes, uint32_t index) { return bytes[index] | bytes[index + 1] << 8; }

static struct character utf16_character(const unsigned char *bytes, uint32_t size) {
  uint32_t unit = utf16_unit(bytes, 0);
  if (unit < 0xd800 || unit >= 0xe000) return (struct character){unit, 2};
  uint32_t low = unit < 0xdc00 && size >= 4 ? utf16_unit(bytes, 2) : 0;
  if (low < 0xdc00 || low >= 0xe000) __builtin_trap();
  return (struct character){0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 4};
}

static struct character character_at(const unsigned char *bytes, uint32_t size, enum encoding encoding) {
  switch (encoding) {
    case UTF8: return utf8_character(bytes, size);
    case UTF16: return utf16_character(bytes, size);
    default: return (struct character){bytes[0], 1};
  }
}

static uint32_t put_utf8(char *to, uint32_t code) {
  uint32_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (uint32_t i = length - 1; i > 0; i--, code >>= 6) to[i] = 0x80 | (code & 0x3f);
  to[0] = length == 1 ? code : (0xf00u >> length | code) & 0xff;
  return length;
}

/* The text of a call in UTF-8, as the table has its names. */
static struct name name_of_text(enum encoding encoding) {
  /* Two bytes of Latin-1 and three of UTF-8 are the worst of what two bytes can become. */
  char *bytes = allocate(text_size * 2);
  uint32_t length = 0;
  for (uint32_t at = 0; at < text_size;) {
    struct character one = character_at(text + at, text_size - at, encoding);
    length += put_utf8(bytes + length, one.code);
    at += one.size;
  }
  return (struct name){length, bytes};
}

static uint32_t set_text(unsigned char *bytes, uint32_t size) {
  text = bytes;
  return text_size = size;
}

/* In UTF-16, with the lower byte of each unit first. */
static uint32_t encode_utf16(void) {
  unsigned char *bytes = allocate(message_length * 2);
  uint32_t size = 0;
  for (uint32_t at = 0; at < message_length;) {
    struct character one = utf8_character((unsigned char *)message + at, message_length - at);
    uint32_t units[] = {one.code, 0};
    uint32_t count = one.code < 0x10000 ? 1 : 2;
    if (count == 2) {
      units[0] = 0xd800 + ((one.code - 0x10000) >> 10);
      units[1] = 0xdc00 + ((one.code - 0x10000) & 0x3ff);
    }
    for (uint32_t i = 0; i < count; i++) {
      bytes[size++] = units[i] & 0xff;
      bytes[size++] = units[i] >> 8;
    }
    at += one.size;
  }
  return set_text(bytes, size);
}

static uint32_t encode_latin1(void) {
  unsigned char *bytes = allocate(message_length);
  uint32_t size = 0;
  for (uint32_t at = 0; at < message_length;) {
    struct character one = utf8_character((unsigned char *)message + at, message_length - at);
    if (one.code > 0xff) return NOT_LATIN1;
    bytes[size++] = one.code;
    at += one.size;
  }
  return set_text(bytes, size);
}

static enum outcome succeed(uint32_t value) {
  answer = value;
  return SUCCESS;
}

static enum outcome fail(const char *what, struct name which) {
  uint32_t at = 0;
  for (; *what != '\0' && at < sizeof message; what++) message[at++] = *what;
  for (uint32_t i = 0; i < which.length && at < sizeof message; i++) message[at++] = which.bytes[i];
  /* No character is cut in two. */
  if (at == sizeof message) {
    while (at > 0 && (message[at - 1] & 0xc0) == 0x80) at--;
    if (at > 0) at--;
  }
  message_length = at;
  return FAILURE;
}

static const struct name NOTHING;

#define NOT_OPEN "Error loading shared library: not open when the component was pre-initialized: "

static struct library *library_named(struct name name) {
  for (uint32_t i = 0; i < component_init_root->library_count; i++) {
    struct library *library = &component_init_root->libraries[i];
    for (uint32_t j = 0; j < library->name_count; j++) {
      if (compare(library->names[j], name) == 0) return library;
    }
  }
  return NULL;
}

static int is_dots(struct name part, uint32_t count) {
  for (uint32_t i = 0; i < part.length; i++) if (part.bytes[i] != '.') return 0;
  return part.length == count;
}

/* A path from the root, where wasi-libc starts, with nothing in it that leads nowhere. */
static struct name path_of(struct name name) {
  char *path = allocate(name.length + 1);
  uint32_t length = 0;
  for (uint32_t start = 0, end; start < name.length; start = end + 1) {
    for (end = start; end < name.length && name.bytes[end] != '/';) end++;
    struct name part = {end - start, name.bytes + start};
    if (is_dots(part, 2)) {
      while (length > 0 && path[--length] != '/') {}
    } else if (part.length > 0 && !is_dots(part, 1)) {
      path[length++] = '/';
      for (uint32_t i = 0; i < part.length; i++) path[length++] = part.bytes[i];
    }
  }
  /* Without a name it is the program. */
  if (length == 0) path[length++] = '/';
  return (struct name){length, path};
}

static int has_slash(struct name name) {
  for (uint32_t i = 0; i < name.length; i++) if (name.bytes[i] == '/') return 1;
  return 0;
}

/* No file is called so. */
static int is_directory(struct name name) {
  uint32_t start = name.length;
  while (start > 0 && name.bytes[start - 1] != '/') start--;
  struct name last = {name.length - start, name.bytes + start};
  return last.length == 0 || is_dots(last, 1) || is_dots(last, 2);
}

static struct library *find_library(struct name name) {
  struct library *found = library_named(name);
  return found == NULL && has_slash(name) && !is_directory(name) ? library_named(path_of(name)) : found;
}

/* The first definition after `skip` others. */
static const struct symbol *find_global(struct name name, uint32_t skip) {
  for (uint32_t turn = 1; turn <= component_init_root->last_global; turn++) {
    for (uint32_t i = 0; i < component_init_root->library_count; i++) {
      const struct library *library = &component_init_root->libraries[i];
      if (library->global_since != turn) continue;
      const struct symbol *found = find_symbol(library->symbols, name);
      if (found != NULL && skip-- == 0) return found;
    }
  }
  return NULL;
}

static struct library *library_of(uint32_t handle) {
  for (uint32_t i = 0; i < component_init_root->library_count; i++) {
    struct library *library = &component_init_root->libraries[i];
    if (library->handle == handle && (library->is_program || library->open_count > 0)) return library;
  }
  return NULL;
}

static void make_global(struct library *library) {
  for (uint32_t i = 0; i < library->scope_count; i++) {
    struct library *one = library->scope[i];
    if (one->global_since == 0) one->global_since = ++component_init_root->last_global;
  }
}

/*
 * Handles of the host's come after those that were given out while initializing. A bit would not do: the host can be another one of
 * these, where a component was pre-initialized twice.
 */
static uint32_t host_handle(uint32_t handle) {
  uint32_t last = component_init_root->last_handle;
  return component_init_root->has_host && handle > last && handle != NEXT_SCOPE ? handle - last : 0;
}

static enum outcome ask_host(uint32_t handle) {
  answer = handle;
  return ASK_HOST;
}

/* What the program is to be given for a handle of the host's. */
uint32_t EXPORT(own_handle)(uint32_t handle) { return handle + component_init_root->last_handle; }

/* The name of a library, or of a symbol. */
enum outcome EXPORT(open)(enum encoding encoding, uint32_t flags) {
  struct name name = name_of_text(encoding);
  struct library *library = find_library(name);
  if (library == NULL) return component_init_root->has_host ? ask_host(0) : fail(NOT_OPEN, name);
  int is_there = library->is_program || library->is_held || library->open_count > 0;
  if ((flags & NO_LOAD) && !is_there) return fail("Library is not already loaded: ", name);
  if (!library->is_program) library->open_count++;
  if (flags & GLOBAL) make_global(library);
  if (flags & NO_DELETE) library->is_held = 1;
  return succeed(library->handle);
}

enum outcome EXPORT(symbol)(enum encoding encoding, uint32_t handle) {
  struct name name = name_of_text(encoding);
  if (host_handle(handle) != 0) return ask_host(host_handle(handle));
  const struct symbol *found = NULL;
  int is_global = handle == DEFAULT_SCOPE || handle == NEXT_SCOPE || handle == PROGRAM_HANDLE;
  if (is_global) {
    /* Who asks cannot be known. It is whoever has the definition that all others get. */
    found = find_global(name, handle == NEXT_SCOPE);
  } else {
    struct library *library = library_of(handle);
    if (library == NULL) return fail("Invalid library handle", NOTHING);
    for (uint32_t i = 0; found == NULL && i < library->scope_count; i++) found = find_symbol(library->scope[i]->symbols, name);
  }
  if (found != NULL) return succeed(found->address);
  if (is_global && component_init_root->has_host) return ask_host(handle == PROGRAM_HANDLE ? DEFAULT_SCOPE : handle);
  return fail("Symbol not found: ", name);
}

enum outcome EXPORT(close)(uint32_t handle) {
  if (host_handle(handle) != 0) return ask_host(host_handle(handle));
  struct library *library = library_of(handle);
  if (library == NULL) return fail("Invalid library handle", NOTHING);
  if (!library->is_program) library->open_count--;
  return succeed(0);
}

/* The error in another encoding: how many bytes it has. */
uint32_t EXPORT(error_size)(enum encoding encoding) {
  if (encoding == UTF8) return set_text((unsigned char *)message, message_length);
  return encoding == LATIN1 ? encode_latin1() : encode_utf16();
}

uint32_t EXPORT(error_byte)(uint32_t index) { return text[index]; }
