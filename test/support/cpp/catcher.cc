#include "error.h"

int caught_codes(void (*throwing)(int), int how) {
  try {
    throwing(how);
    return 0;
  } catch (const Error &error) {
    return 1000 + error.value();
  } catch (int number) {
    return 2000 + number;
  }
}
