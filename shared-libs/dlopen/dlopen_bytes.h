/* What POSIX lacks: to open a library that is in memory. */
#ifndef COMPONENT_INIT_DLOPEN_BYTES_H
#define COMPONENT_INIT_DLOPEN_BYTES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As dlopen. The bytes can be freed afterwards. */
void *dlopen_bytes(const char *name, const void *bytes, size_t size, int mode);

#ifdef __cplusplus
}
#endif

#endif
