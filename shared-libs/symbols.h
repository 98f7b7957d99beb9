/* Names, and symbols sorted by them, as src/link/table-writer.ts lays them out. */
#include <stddef.h>
#include <stdint.h>

struct name {
  uint32_t length;
  const char *bytes;
};

struct symbol {
  struct name name;
  /* A table index for a function. */
  uint32_t address;
};

struct symbols {
  uint32_t count;
  /* Sorted by the bytes of their names. */
  const struct symbol *first;
};

static int compare(struct name a, struct name b) {
  uint32_t shorter = a.length < b.length ? a.length : b.length;
  for (uint32_t i = 0; i < shorter; i++) {
    int difference = (unsigned char)a.bytes[i] - (unsigned char)b.bytes[i];
    if (difference != 0) return difference;
  }
  return a.length == b.length ? 0 : a.length < b.length ? -1 : 1;
}

static const struct symbol *find_symbol(struct symbols symbols, struct name name) {
  uint32_t low = 0, high = symbols.count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = compare(symbols.first[middle].name, name);
    if (order == 0) return &symbols.first[middle];
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return NULL;
}
