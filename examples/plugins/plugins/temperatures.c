#include "units.h"

static double celsius(double value) { return value * 9 / 5 + 32; }

__attribute__((constructor)) static void start(void) { enter_unit((struct unit){"celsius-to-fahrenheit", celsius}); }
