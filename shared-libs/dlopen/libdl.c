/*
 * dlopen, dlsym, dlclose and dlerror for programs that open libraries while they run: their host does it. To be linked into a program,
 * or next to its libraries.
 *
 * POSIX says what these functions do; in what it leaves open they do as musl's.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dlopen_bytes.h"
#include "world.h"

#define IMPORT(name) __attribute__((import_module("component-init:dlopen/dl@0.1.0"), import_name(name)))

#define RTLD_MODES (RTLD_LAZY | RTLD_NOW | RTLD_NOLOAD | RTLD_LOCAL | RTLD_GLOBAL | RTLD_NODELETE)

/* The bits of open-flags. */
#define NO_LOAD 1
#define GLOBAL 2
#define NO_DELETE 4

/* result<u32, string> and result<_, string> as the canonical ABI stores them. */
struct result {
  uint8_t is_error;
  union {
    uint32_t value;
    struct {
      char *bytes;
      size_t length;
    } error;
  };
};

IMPORT("open") void dl_open(const char *name, size_t length, uint32_t flags, struct result *result);
IMPORT("open-bytes")
void dl_open_bytes(const char *name, size_t length, const void *bytes, size_t size, uint32_t flags, struct result *result);
IMPORT("symbol") void dl_symbol(uint32_t library, const char *name, size_t length, struct result *result);
IMPORT("close") void dl_close(uint32_t library, struct result *result);

/* Strings of results come through it. A program with bindings has its own. */
__attribute__((weak, export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align;
  void *bytes = realloc(old, size);
  if (bytes == NULL) abort();
  return bytes;
}

static char message[512];
static char *error;

static void fail(const char *bytes, size_t length) {
  if (length >= sizeof message) length = sizeof message - 1;
  memcpy(message, bytes, length);
  message[length] = '\0';
  error = message;
}

/* Whether a call failed; then dlerror says why. */
static int has_failed(struct result *result) {
  if (!result->is_error) return 0;
  fail(result->error.bytes, result->error.length);
  free(result->error.bytes);
  return 1;
}

/* Names of the interface are in UTF-8, and any others would trap. No file and no symbol has one. */
static int is_utf8(const char *text) {
  static const uint32_t smallest[] = {0x80, 0x800, 0x10000};
  const unsigned char *bytes = (const unsigned char *)text;
  while (*bytes != 0) {
    uint32_t first = *bytes++;
    if (first < 0x80) continue;
    int more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf8 ? 3 : 0;
    if (more == 0) return 0;
    uint32_t code = first & (0x3f >> more);
    for (int i = 0; i < more; i++, bytes++) {
      if ((*bytes & 0xc0) != 0x80) return 0;
      code = code << 6 | (*bytes & 0x3f);
    }
    if (code < smallest[more - 1] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
  }
  return 1;
}

static int is_name(const char *text) {
  if (is_utf8(text)) return 1;
  fail("The name is not in UTF-8", 24);
  return 0;
}

/* -1 for a mode that there is not. */
static int flags_of(int mode) {
  if ((mode & ~RTLD_MODES) != 0 || (mode & (RTLD_LAZY | RTLD_NOW)) == 0) {
    fail("Invalid mode for dlopen", 23);
    return -1;
  }
  return (mode & RTLD_NOLOAD ? NO_LOAD : 0) | (mode & RTLD_GLOBAL ? GLOBAL : 0) | (mode & RTLD_NODELETE ? NO_DELETE : 0);
}

void *dlopen(const char *file, int mode) {
  int flags = flags_of(mode);
  if (flags < 0 || (file != NULL && !is_name(file))) return NULL;
  struct result result;
  dl_open(file == NULL ? "" : file, file == NULL ? 0 : strlen(file), flags, &result);
  return has_failed(&result) ? NULL : (void *)result.value;
}

void *dlopen_bytes(const char *name, const void *bytes, size_t size, int mode) {
  int flags = flags_of(mode);
  if (flags < 0 || !is_name(name)) return NULL;
  struct result result;
  dl_open_bytes(name, strlen(name), bytes, size, flags, &result);
  return has_failed(&result) ? NULL : (void *)result.value;
}

void *dlsym(void *restrict handle, const char *restrict name) {
  if (!is_name(name)) return NULL;
  struct result result;
  dl_symbol((uint32_t)handle, name, strlen(name), &result);
  return has_failed(&result) ? NULL : (void *)result.value;
}

int dlclose(void *handle) {
  struct result result;
  dl_close((uint32_t)handle, &result);
  return has_failed(&result) ? -1 : 0;
}

char *dlerror(void) {
  char *last = error;
  error = NULL;
  return last;
}
