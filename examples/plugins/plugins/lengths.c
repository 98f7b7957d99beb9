#include "units.h"

/* Filled when the library is opened, and not again: it is part of the snapshot. */
static double miles_per_furlongs[1000];

static double furlongs(double value) {
  unsigned index = (unsigned)value;
  return index < 1000 ? miles_per_furlongs[index] : value / 8;
}

static double inches(double value) { return value * 25.4; }

__attribute__((constructor)) static void start(void) {
  for (unsigned i = 0; i < 1000; i++) miles_per_furlongs[i] = i / 8.0;
  enter_unit((struct unit){"furlongs-to-miles", furlongs});
  enter_unit((struct unit){"inches-to-millimetres", inches});
}
