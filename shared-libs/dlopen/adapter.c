/*
 * The functions of component-init:dlopen/dl as `canon lower` makes them, for each way to lower them: they read what a program passes in its
 * memory, ask lookup.c, and write the answer there. The memory is the program's, so there is no stack and no data of its own. With FORWARD
 * they ask the host for what lookup.c does not have.
 *
 * What is said of arguments and results is in CanonicalABI.md. Reading what is not there traps, as it does there.
 */
#include "lookup.h"

#define LOOKUP(name) __attribute__((import_module("lookup"), import_name(#name))) name

/* Addresses of its memory are numbers here. */
uint32_t LOOKUP(begin)(uint32_t size);
void LOOKUP(put)(uint32_t where, uint32_t byte);
enum outcome LOOKUP(open)(enum encoding encoding, uint32_t flags);
enum outcome LOOKUP(symbol)(enum encoding encoding, uint32_t handle);
enum outcome LOOKUP(close)(uint32_t handle);
uint32_t LOOKUP(value)(void);
uint32_t LOOKUP(own_handle)(uint32_t handle);
uint32_t LOOKUP(error_size)(enum encoding encoding);
uint32_t LOOKUP(error_byte)(uint32_t index);
void LOOKUP(end)(void);

typedef unsigned char byte;

/* The memory's address 0 is as good as any: build.mjs tells the compiler. */
byte *__attribute__((import_module("program"), import_name("realloc"))) program_realloc(byte *old, size_t old_size, size_t align, size_t size);

/* result<u32, string>; result<_, string> has its string at the same place. */
struct result {
  byte is_error;
  union {
    uint32_t value;
    struct {
      byte *bytes;
      size_t length;
    } error;
  };
};

#ifdef FORWARD
#define HOST(name, function) __attribute__((import_module("host"), import_name(name))) host_##function

void HOST("open", open)(const byte *name, size_t length, uint32_t flags, struct result *result);
void HOST("open-bytes", open_bytes)(const byte *name, size_t length, const byte *bytes, size_t size, uint32_t flags, struct result *result);
void HOST("symbol", symbol)(uint32_t library, const byte *name, size_t length, struct result *result);
void HOST("close", close)(uint32_t library, struct result *result);
#else
static void host_open(const byte *name, size_t length, uint32_t flags, struct result *result) { __builtin_trap(); }
static void host_open_bytes(const byte *name, size_t length, const byte *bytes, size_t size, uint32_t flags, struct result *result) {
  __builtin_trap();
}
static void host_symbol(uint32_t library, const byte *name, size_t length, struct result *result) { __builtin_trap(); }
static void host_close(uint32_t library, struct result *result) { __builtin_trap(); }
#endif

#define MAX_STRING_SIZE 0xfffffff
/* The highest bit of a length says that a string of `latin1+utf16` is in UTF-16. */
#define UTF16_TAG ((size_t)1 << (sizeof(size_t) * 8 - 1))

static void check(int holds) {
  if (!holds) __builtin_trap();
}

/* Nothing is beyond a memory that its last byte is in. */
static void check_range(const volatile byte *start, size_t size) {
  size_t last = (size_t)start + size - 1;
  if (size > 0) check(last >= (size_t)start);
  if (size > 0 || start != 0) (void)*(const volatile byte *)last;
}

static void check_result(const struct result *result) {
  check((size_t)result % _Alignof(struct result) == 0);
  check_range((const byte *)result, sizeof *result);
}

/* Begins a call with a text. */
static enum encoding begin_with(const byte *bytes, size_t length, enum encoding encoding) {
  check(encoding == UTF8 || (size_t)bytes % 2 == 0);
  if (encoding == LATIN1 && (length & UTF16_TAG) != 0) {
    length ^= UTF16_TAG;
    encoding = UTF16;
  }
  check(length <= MAX_STRING_SIZE);
  size_t size = encoding == UTF16 ? length * 2 : length;
  check(size <= MAX_STRING_SIZE);
  check_range(bytes, size);
  uint32_t to = begin(size);
  for (size_t i = 0; i < size; i++) put(to + i, bytes[i]);
  return encoding;
}

static void return_value(struct result *result) {
  end();
  check_result(result);
  result->value = value();
  result->is_error = 0;
}

static void return_error(enum encoding encoding, struct result *result) {
  check_result(result);
  size_t align = encoding == UTF8 ? 1 : 2;
  size_t size = error_size(encoding);
  size_t tag = 0;
  if (size == NOT_LATIN1) {
    size = error_size(UTF16);
    tag = UTF16_TAG;
  }
  byte *bytes = program_realloc(0, 0, align, size);
  check((size_t)bytes % align == 0);
  check_range(bytes, size);
  for (size_t i = 0; i < size; i++) bytes[i] = error_byte(i);
  end();
  result->error.bytes = bytes;
  result->error.length = encoding == UTF16 || tag != 0 ? size / 2 | tag : size;
  result->is_error = 1;
}

static void give_own_handle(struct result *result) {
  if (!result->is_error) result->value = own_handle(result->value);
}

static void dl_open(enum encoding encoding, const byte *name, size_t length, uint32_t flags, struct result *result) {
  switch (open(begin_with(name, length, encoding), flags)) {
    case SUCCESS: return return_value(result);
    case FAILURE: return return_error(encoding, result);
    case ASK_HOST:
      end();
      host_open(name, length, flags, result);
      return give_own_handle(result);
  }
}

static void dl_open_bytes(
    enum encoding encoding, const byte *name, size_t length, const byte *bytes, size_t size, uint32_t flags, struct result *result) {
  check_range(bytes, size);
  switch (open(begin_with(name, length, encoding), flags)) {
    case SUCCESS: return return_value(result);
    case FAILURE: return return_error(encoding, result);
    case ASK_HOST:
      end();
      host_open_bytes(name, length, bytes, size, flags, result);
      return give_own_handle(result);
  }
}

static void dl_symbol(enum encoding encoding, uint32_t library, const byte *name, size_t length, struct result *result) {
  switch (symbol(begin_with(name, length, encoding), library)) {
    case SUCCESS: return return_value(result);
    case FAILURE: return return_error(encoding, result);
    case ASK_HOST:
      end();
      return host_symbol(value(), name, length, result);
  }
}

static void dl_close(enum encoding encoding, uint32_t library, struct result *result) {
  begin(0);
  switch (close(library)) {
    case SUCCESS:
      end();
      check_result(result);
      result->is_error = 0;
      return;
    case FAILURE: return return_error(encoding, result);
    case ASK_HOST:
      end();
      return host_close(value(), result);
  }
}

#define EXPORT(encoding, name) __attribute__((export_name(#encoding " " name)))

#define LOWERED(name, encoding)                                                                                                           \
  EXPORT(name, "open") void name##_open(const byte *path, size_t length, uint32_t flags, struct result *result) {                         \
    dl_open(encoding, path, length, flags, result);                                                                                       \
  }                                                                                                                                       \
  EXPORT(name, "open-bytes")                                                                                                              \
  void name##_open_bytes(                                                                                                                 \
      const byte *path, size_t length, const byte *bytes, size_t size, uint32_t flags, struct result *result) {                           \
    dl_open_bytes(encoding, path, length, bytes, size, flags, result);                                                                    \
  }                                                                                                                                       \
  EXPORT(name, "symbol")                                                                                                                  \
  void name##_symbol(uint32_t library, const byte *symbol, size_t length, struct result *result) {                                        \
    dl_symbol(encoding, library, symbol, length, result);                                                                                 \
  }                                                                                                                                       \
  EXPORT(name, "close") void name##_close(uint32_t library, struct result *result) { dl_close(encoding, library, result); }

LOWERED(utf8, UTF8)
LOWERED(utf16, UTF16)
LOWERED(latin1_utf16, LATIN1)
