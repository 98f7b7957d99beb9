// As application.cc, of libraries that it opens.
#include "error.h"

#include <dlfcn.h>

int application_constructed = 0;
// The library defines it, too: the program's is everyone's.
int Error::destroyed = 0;

namespace {
struct Static {
  Static() { application_constructed += 1; }
};
Static first;
int kept = 0;
void *thrower, *catcher;

template <typename F>
F *find(void *library, const char *name) {
  return reinterpret_cast<F *>(dlsym(library, name));
}

int run_with(int how) {
  try {
    find<void(int)>(thrower, "_Z4faili")(how);
    return 0;
  } catch (const Error &error) {
    return error.value() * 100 + Error::destroyed;
  } catch (int number) {
    return number;
  }
}

void throw_here(int how) {
  if (how == 1) throw 3;
  throw Error(how);
}
}  // namespace

extern "C" {
__attribute__((export_name("init"))) void init() {
  thrower = dlopen("/lib/libthrower.so", RTLD_NOW);
  catcher = dlopen("/lib/libcatcher.so", RTLD_NOW);
  kept = run_with(2) + run_with(3);
}
__attribute__((export_name("run"))) int run(int how) { return run_with(how); }
__attribute__((export_name("caught"))) int caught(int how) {
  return find<int(void (*)(int), int)>(catcher, "_Z12caught_codesPFviEi")(throw_here, how);
}
__attribute__((export_name("kept"))) int get_kept() { return kept; }
__attribute__((export_name("destroyed"))) int get_destroyed() { return Error::destroyed; }
__attribute__((export_name("constructed"))) int get_constructed() {
  return application_constructed * 10 + find<int()>(thrower, "_Z18constructed_beforev")();
}
}
