/*
 * Stands in a pre-initialized component for the host that opened its libraries: they are in the component, and what their handles and
 * symbols are is in a table. With FORWARD it asks the host for what is not.
 */
#include "symbols.h"

#define DL "component-init:dlopen/dl@0.1.0"
#define EXPORT(name) __attribute__((export_name(DL "#" name)))

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
};

struct root *component_init_root;

/* result<u32, string> */
struct result {
  uint8_t is_error;
  uint32_t value;
  uint32_t length;
};

static struct result answer;
static char message[256];

/* What a call is given lives until it returns. */
static uint32_t heap_end;

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  if (heap_end == 0) heap_end = component_init_root->heap_start;
  uint32_t start = (heap_end + align - 1) & -align;
  uint32_t end = start + size;
  uint32_t limit = __builtin_wasm_memory_size(0) << 16;
  if (end < start) __builtin_trap();
  if (end > limit && __builtin_wasm_memory_grow(0, (end - limit + 0xffff) >> 16) == (size_t)-1) __builtin_trap();
  heap_end = end;
  for (size_t i = 0; i < old_size && i < size; i++) ((char *)start)[i] = ((char *)old)[i];
  return (void *)start;
}

static struct result *succeed(uint32_t value) {
  heap_end = 0;
  answer.is_error = 0;
  answer.value = value;
  return &answer;
}

static struct result *fail(const char *what, struct name which) {
  heap_end = 0;
  uint32_t at = 0;
  for (; *what != '\0' && at < sizeof message; what++) message[at++] = *what;
  for (uint32_t i = 0; i < which.length && at < sizeof message; i++) message[at++] = which.bytes[i];
  /* No character is cut in two. */
  if (at == sizeof message) {
    while (at > 0 && (message[at - 1] & 0xc0) == 0x80) at--;
    if (at > 0) at--;
  }
  answer.is_error = 1;
  answer.value = (uint32_t)message;
  answer.length = at;
  return &answer;
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
  char *path = cabi_realloc(NULL, 0, 1, name.length + 1);
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

static struct library *find_library(struct name name) {
  struct library *found = library_named(name);
  return found == NULL && has_slash(name) ? library_named(path_of(name)) : found;
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

#ifdef FORWARD
/*
 * Handles of the host's come after those that were given out while initializing. A bit would not do: the host can be another one of
 * these, where a component was pre-initialized twice.
 */
static uint32_t host_handle(uint32_t handle) {
  uint32_t last = component_init_root->last_handle;
  return handle > last && handle != NEXT_SCOPE ? handle - last : 0;
}

#define IMPORT(name) __attribute__((import_module(DL), import_name(name)))

IMPORT("open") void host_open(const char *name, size_t length, uint32_t flags, struct result *result);
IMPORT("open-bytes")
void host_open_bytes(const char *name, size_t length, const void *bytes, size_t size, uint32_t flags, struct result *result);
IMPORT("symbol") void host_symbol(uint32_t library, const char *name, size_t length, struct result *result);
IMPORT("close") void host_close(uint32_t library, struct result *result);

static struct result *as_handle(void) {
  if (!answer.is_error) answer.value += component_init_root->last_handle;
  heap_end = 0;
  return &answer;
}

static struct result *as_is(void) {
  heap_end = 0;
  return &answer;
}
#endif

static struct result *open(struct library *library, struct name name, uint32_t flags) {
  int is_there = library->is_program || library->is_held || library->open_count > 0;
  if ((flags & NO_LOAD) && !is_there) return fail("Library is not already loaded: ", name);
  if (!library->is_program) library->open_count++;
  if (flags & GLOBAL) make_global(library);
  if (flags & NO_DELETE) library->is_held = 1;
  return succeed(library->handle);
}

EXPORT("open") struct result *dl_open(const char *bytes, size_t length, uint32_t flags) {
  struct name name = {length, bytes};
  struct library *library = find_library(name);
  if (library != NULL) return open(library, name, flags);
#ifdef FORWARD
  host_open(bytes, length, flags, &answer);
  return as_handle();
#else
  return fail(NOT_OPEN, name);
#endif
}

EXPORT("open-bytes")
struct result *dl_open_bytes(const char *bytes, size_t length, const void *image, size_t size, uint32_t flags) {
  struct name name = {length, bytes};
  struct library *library = find_library(name);
  if (library != NULL) return open(library, name, flags);
#ifdef FORWARD
  host_open_bytes(bytes, length, image, size, flags, &answer);
  return as_handle();
#else
  (void)image;
  (void)size;
  return fail(NOT_OPEN, name);
#endif
}

EXPORT("symbol") struct result *dl_symbol(uint32_t handle, const char *bytes, size_t length) {
  struct name name = {length, bytes};
  const struct symbol *found = NULL;
#ifdef FORWARD
  if (host_handle(handle) != 0) {
    host_symbol(host_handle(handle), bytes, length, &answer);
    return as_is();
  }
#endif
  struct library *library = NULL;
  int is_global = handle == DEFAULT_SCOPE || handle == NEXT_SCOPE || handle == PROGRAM_HANDLE;
  if (is_global) {
    /* Who asks cannot be known. It is whoever has the definition that all others get. */
    found = find_global(name, handle == NEXT_SCOPE);
  } else if ((library = library_of(handle)) == NULL) {
    return fail("Invalid library handle", NOTHING);
  } else {
    for (uint32_t i = 0; found == NULL && i < library->scope_count; i++) found = find_symbol(library->scope[i]->symbols, name);
  }
  if (found != NULL) return succeed(found->address);
#ifdef FORWARD
  if (is_global) {
    host_symbol(handle == PROGRAM_HANDLE ? DEFAULT_SCOPE : handle, bytes, length, &answer);
    return as_is();
  }
#endif
  return fail("Symbol not found: ", name);
}

EXPORT("close") struct result *dl_close(uint32_t handle) {
#ifdef FORWARD
  if (host_handle(handle) != 0) {
    host_close(host_handle(handle), &answer);
    return as_is();
  }
#endif
  struct library *library = library_of(handle);
  /* result<_, string> has its string at the same place. */
  if (library == NULL) return fail("Invalid library handle", NOTHING);
  if (!library->is_program) library->open_count--;
  return succeed(0);
}
