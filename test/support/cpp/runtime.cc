// As much of a C++ ABI library as exceptions of exactly the type that is caught need: the compiler's sysroot has none that
// is position-independent. Itanium C++ ABI, part II, and LLVM's conventions for WebAssembly (libunwind, Unwind-wasm.c).
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct type_info_base {
  const void *vtable;
  const char *name;
};

struct exception {
  const type_info_base *type;
  // On WebAssembly they return what they are given.
  void *(*destructor)(void *);
};

extern "C" {

struct landing_pad_context {
  uintptr_t index;
  uintptr_t lsda;
  uintptr_t selector;
};

__attribute__((visibility("default"))) thread_local landing_pad_context __wasm_lpad_context;

// Vtables of type infos: only their addresses are used.
void *class_info_vtable[8] asm("_ZTVN10__cxxabiv117__class_type_infoE");
void *fundamental_info_vtable[8] asm("_ZTVN10__cxxabiv123__fundamental_type_infoE");

static const char int_name[] = "i";
extern const type_info_base int_info asm("_ZTIi");
const type_info_base int_info = {&fundamental_info_vtable[2], int_name};

void *__cxa_allocate_exception(size_t size) noexcept {
  char *memory = static_cast<char *>(malloc(sizeof(exception) + size));
  return memory + sizeof(exception);
}

void __cxa_free_exception(void *thrown) noexcept { free(static_cast<char *>(thrown) - sizeof(exception)); }

__attribute__((noreturn)) void __cxa_throw(void *thrown, void *type, void *(*destructor)(void *)) {
  exception *header = static_cast<exception *>(thrown) - 1;
  header->type = static_cast<type_info_base *>(type);
  header->destructor = destructor;
  __builtin_wasm_throw(0, thrown);
}

static void *caught;

void *__cxa_begin_catch(void *thrown) noexcept { return caught = thrown; }

void __cxa_end_catch() {
  exception *header = static_cast<exception *>(caught) - 1;
  if (header->destructor != nullptr) header->destructor(caught);
  __cxa_free_exception(caught);
}

__attribute__((noreturn)) void __cxa_rethrow() { __builtin_wasm_throw(0, caught); }

void *__cxa_get_exception_ptr(void *thrown) noexcept { return thrown; }

int __gxx_wasm_personality_v0() { abort(); }
}

namespace std {
__attribute__((visibility("default"), noreturn)) void terminate() noexcept { abort(); }
}  // namespace std

__attribute__((visibility("default"))) void *operator new(size_t size) { return malloc(size); }
__attribute__((visibility("default"))) void operator delete(void *memory) noexcept { free(memory); }
__attribute__((visibility("default"))) void operator delete(void *memory, size_t) noexcept { free(memory); }

static uintptr_t unsigned_leb(const uint8_t *&at) {
  uintptr_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = *at++;
    value |= uintptr_t(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

static intptr_t signed_leb(const uint8_t *&at) {
  intptr_t value = 0;
  for (unsigned shift = 0;;) {
    uint8_t byte = *at++;
    value |= intptr_t(byte & 0x7f) << shift;
    shift += 7;
    if (byte < 0x80) return byte & 0x40 ? value | -(intptr_t(1) << shift) : value;
  }
}

// Says which of a try block's handlers is the one for an exception: 0 for none.
extern "C" int _Unwind_CallPersonality(void *thrown) {
  landing_pad_context &context = __wasm_lpad_context;
  const type_info_base *type = (static_cast<exception *>(thrown) - 1)->type;
  context.selector = 0;
  const uint8_t *at = reinterpret_cast<const uint8_t *>(context.lsda);
  at++;  // Where landing pads start: left out.
  uint8_t type_encoding = *at++;
  uintptr_t types = 0;
  if (type_encoding != 0xff) {
    uintptr_t offset = unsigned_leb(at);
    types = reinterpret_cast<uintptr_t>(at) + offset;
  }
  at++;  // How call sites are encoded: as LEB128.
  uintptr_t length = unsigned_leb(at);
  const uint8_t *actions = at + length;
  uintptr_t action = 0;
  for (uintptr_t i = 0; i <= context.index; i++) {
    unsigned_leb(at);
    action = unsigned_leb(at);
  }
  if (action == 0) return 0;
  const uint8_t *entry = actions + action - 1;
  for (;;) {
    intptr_t index = signed_leb(entry);
    const uint8_t *next = entry;
    intptr_t distance = signed_leb(entry);
    if (index > 0) {
      uintptr_t slot = types - index * sizeof(uintptr_t);
      uintptr_t value = *reinterpret_cast<const uintptr_t *>(slot);
      const type_info_base *wanted = reinterpret_cast<const type_info_base *>(value);
      if (wanted == nullptr || strcmp(wanted->name, type->name) == 0) {
        context.selector = index;
        return 0;
      }
    }
    if (distance == 0) return 0;
    entry = next + distance;
  }
}
