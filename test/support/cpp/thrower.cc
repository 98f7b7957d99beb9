#include "error.h"

extern int application_constructed;

namespace {
struct Registry {
  Registry() : application(application_constructed), count(40) {}
  int application;
  int count;
};
Registry registry;

struct Special : Error {
  Special() : Error(7) {}
  int value() const override { return registry.count + code; }
};
}  // namespace

int Error::destroyed = 0;

int constructed_before() { return registry.application; }

void fail(int how) {
  if (how == 1) throw 5;
  if (how == 2) throw Error(6);
  if (how == 3) {
    Special special;
    const Error &error = special;
    throw error.value();
  }
}
