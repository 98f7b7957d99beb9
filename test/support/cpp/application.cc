#include "error.h"

int application_constructed = 0;

namespace {
struct Static {
  Static() { application_constructed += 1; }
};
Static first;
int kept = 0;

int run_with(int how) {
  try {
    fail(how);
    return 0;
  } catch (const Error &error) {
    return error.value() * 100 + Error::destroyed;
  } catch (int number) {
    return number;
  }
}
}  // namespace

extern "C" {
__attribute__((export_name("init"))) void init() { kept = run_with(2) + run_with(3); }
__attribute__((export_name("run"))) int run(int how) { return run_with(how); }
__attribute__((export_name("kept"))) int get_kept() { return kept; }
__attribute__((export_name("destroyed"))) int get_destroyed() { return Error::destroyed; }
__attribute__((export_name("constructed"))) int get_constructed() {
  return application_constructed * 10 + constructed_before();
}
}
