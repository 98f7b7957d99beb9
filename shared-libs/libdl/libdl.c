/*
 * dlopen, dlsym, dlclose and dlerror for programs whose libraries are all linked ahead of time by component-init. It looks
 * them up in a table that the linker lays out, and needs no other library.
 *
 * POSIX says what these functions do; in what it leaves open they do as musl's, whose messages they give.
 */
#include "symbols.h"

/* wasi-libc's dlfcn.h */
#define RTLD_LAZY 1
#define RTLD_NOW 2
#define RTLD_NOLOAD 4
#define RTLD_LOCAL 8
#define RTLD_GLOBAL 256
#define RTLD_NODELETE 4096
#define RTLD_MODES (RTLD_LAZY | RTLD_NOW | RTLD_NOLOAD | RTLD_LOCAL | RTLD_GLOBAL | RTLD_NODELETE)

#define RTLD_NEXT ((void *)-1)
#define RTLD_DEFAULT ((void *)0)

struct library {
  struct name name;
  struct symbols symbols;
  /* Numbers of the libraries that it needs, and that those need, breadth-first. */
  uint32_t needed_count;
  const uint32_t *needed;
  /* Whether it takes a dlopen for its symbols to be found by RTLD_DEFAULT. */
  uint32_t is_openable;
  /* How often it is open. */
  uint32_t open_count;
  /* When it or what needs it was first opened with RTLD_GLOBAL, counted from 1. */
  uint32_t global_since;
};

/* In the order in which symbols are searched. The linker lays it out: src/link/lookup-table.ts. */
extern struct {
  uint32_t count;
  struct library *libraries;
} __component_init_libraries;

static uint32_t opened_global;

/* What dlopen(NULL) gives: all that RTLD_DEFAULT searches. */
static char program;

static char message[256];
static const char *error;

static uint32_t length_of(const char *text) {
  uint32_t length = 0;
  while (text[length] != '\0') length++;
  return length;
}

static struct name name_of(const char *text) {
  struct name name = {length_of(text), text};
  return name;
}

static void fail(const char *what, const char *which) {
  uint32_t at = 0;
  for (; *what != '\0' && at < sizeof(message) - 1; what++) message[at++] = *what;
  for (; *which != '\0' && at < sizeof(message) - 1; which++) message[at++] = *which;
  message[at] = '\0';
  error = message;
}

static struct name base_of(struct name name) {
  for (uint32_t i = name.length; i > 0; i--) {
    if (name.bytes[i - 1] == '/') {
      struct name base = {name.length - i, name.bytes + i};
      return base;
    }
  }
  return name;
}

/* A name without a directory is looked for in all of them, and a library without one is in all of them. */
static int is_same_file(struct name a, struct name b) {
  struct name base_a = base_of(a), base_b = base_of(b);
  if (base_a.length != a.length && base_b.length != b.length) return 0;
  return compare(base_a, base_b) == 0;
}

static struct library *find_library(struct name name) {
  struct library *libraries = __component_init_libraries.libraries;
  uint32_t count = __component_init_libraries.count;
  for (uint32_t i = 0; i < count; i++) {
    if (compare(libraries[i].name, name) == 0) return &libraries[i];
  }
  for (uint32_t i = 0; i < count; i++) {
    if (is_same_file(libraries[i].name, name)) return &libraries[i];
  }
  return NULL;
}

/* In a library, and then in what it needs: POSIX's dependency order. */
static const struct symbol *find_in(const struct library *library, struct name name) {
  const struct symbol *found = find_symbol(library->symbols, name);
  for (uint32_t i = 0; i < library->needed_count && found == NULL; i++) {
    found = find_symbol(__component_init_libraries.libraries[library->needed[i]].symbols, name);
  }
  return found;
}

/* The first definition after `skip` others: libraries that are there from the start, then those opened for all, in that order. */
static const struct symbol *find_global(struct name name, uint32_t skip) {
  struct library *libraries = __component_init_libraries.libraries;
  uint32_t count = __component_init_libraries.count;
  for (uint32_t i = 0; i < count; i++) {
    if (libraries[i].is_openable) continue;
    const struct symbol *found = find_symbol(libraries[i].symbols, name);
    if (found != NULL && skip-- == 0) return found;
  }
  for (uint32_t turn = 1; turn <= opened_global; turn++) {
    for (uint32_t i = 0; i < count; i++) {
      if (!libraries[i].is_openable || libraries[i].global_since != turn) continue;
      const struct symbol *found = find_symbol(libraries[i].symbols, name);
      if (found != NULL && skip-- == 0) return found;
    }
  }
  return NULL;
}

static void make_global(struct library *library) {
  if (library->global_since == 0) library->global_since = ++opened_global;
}

static struct library *library_of(void *handle) {
  struct library *libraries = __component_init_libraries.libraries;
  for (uint32_t i = 0; i < __component_init_libraries.count; i++) {
    if (&libraries[i] == handle && libraries[i].open_count > 0) return &libraries[i];
  }
  fail("Invalid library handle", "");
  return NULL;
}

void *dlopen(const char *file, int mode) {
  if ((mode & ~RTLD_MODES) != 0 || (mode & (RTLD_LAZY | RTLD_NOW)) == 0) {
    fail("Invalid mode for dlopen", "");
    return NULL;
  }
  if (file == NULL) return &program;
  struct library *library = find_library(name_of(file));
  if (library == NULL) {
    fail("Error loading shared library: not among those that were linked: ", file);
    return NULL;
  }
  if ((mode & RTLD_NOLOAD) && library->is_openable && library->open_count == 0) {
    fail("Library is not already loaded: ", file);
    return NULL;
  }
  library->open_count++;
  if (mode & RTLD_GLOBAL) {
    make_global(library);
    for (uint32_t i = 0; i < library->needed_count; i++) {
      make_global(&__component_init_libraries.libraries[library->needed[i]]);
    }
  }
  return library;
}

void *dlsym(void *restrict handle, const char *restrict text) {
  struct name name = name_of(text);
  const struct symbol *found;
  if (handle == RTLD_DEFAULT || handle == &program) {
    found = find_global(name, 0);
  } else if (handle == RTLD_NEXT) {
    /* Who asks cannot be known. It is whoever has the definition that all others get. */
    found = find_global(name, 1);
  } else {
    struct library *library = library_of(handle);
    if (library == NULL) return NULL;
    found = find_in(library, name);
  }
  if (found != NULL) return (void *)found->address;
  fail("Symbol not found: ", text);
  return NULL;
}

int dlclose(void *handle) {
  if (handle == &program) return 0;
  struct library *library = library_of(handle);
  if (library == NULL) return -1;
  library->open_count--;
  return 0;
}

char *dlerror(void) {
  const char *last = error;
  error = NULL;
  return (char *)last;
}
