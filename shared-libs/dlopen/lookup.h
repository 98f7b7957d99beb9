/* What lookup.c and adapter.c say to each other. */
#include <stddef.h>
#include <stdint.h>

/* Of a string that is lowered as `latin1+utf16`, LATIN1 where it can be. */
enum encoding { UTF8, UTF16, LATIN1 };

/* What a call comes to. */
enum outcome { SUCCESS, FAILURE, ASK_HOST };

/* The size of an error that cannot be in Latin-1. */
#define NOT_LATIN1 0xffffffffu
