#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dlopen_bytes.h"

#define EXPORT(name) __attribute__((export_name(name)))

int host_value = 1000;
int host_double(int n) { return 2 * n; }
int (*host_hook)(int);

static char output[4096];
static void *handles[400];
static int count;

static void *handle_of(const char *where) {
  if (strcmp(where, "default") == 0) return RTLD_DEFAULT;
  if (strcmp(where, "next") == 0) return RTLD_NEXT;
  if (strcmp(where, "program") == 0) return dlopen(NULL, RTLD_NOW);
  return handles[atoi(where)];
}

static void answer(const char *text) { strcat(strcat(output, text), "\n"); }
static void number(int n) {
  char text[16];
  snprintf(text, sizeof text, "%d", n);
  answer(text);
}
static void fail(void) {
  const char *error = dlerror();
  answer(error == NULL ? "no error" : error);
}

static void perform(char *line) {
  char *words[6] = {0};
  int length = 0;
  for (char *word = strtok(line, " "); word != NULL && length < 6; word = strtok(NULL, " ")) words[length++] = word;
  if (strcmp(words[0], "open") == 0) {
    void *handle = dlopen(words[1], atoi(words[2]));
    if (handle == NULL) return fail();
    for (int i = 0; i < count; i++) if (handles[i] == handle) return number(i);
    handles[count] = handle;
    number(count++);
  } else if (strcmp(words[0], "load") == 0) {
    FILE *file = fopen(words[1], "rb");
    static char bytes[1 << 20];
    size_t size = file == NULL ? 0 : fread(bytes, 1, sizeof bytes, file);
    if (file != NULL) fclose(file);
    void *handle = dlopen_bytes(words[2], bytes, size, RTLD_NOW);
    memset(bytes, 0xee, sizeof bytes);
    if (handle == NULL) return fail();
    handles[count] = handle;
    number(count++);
  } else if (strcmp(words[0], "close") == 0) {
    int result = dlclose(handles[atoi(words[1])]);
    if (result != 0) return fail();
    number(result);
  } else if (strcmp(words[0], "hook") == 0) {
    number(host_hook == NULL ? -1 : host_hook(atoi(words[1])));
  } else {
    void *symbol = dlsym(handle_of(words[1]), words[2]);
    if (symbol == NULL) return fail();
    if (strcmp(words[0], "call") == 0) number(((int (*)(int))symbol)(atoi(words[3])));
    else if (strcmp(words[0], "data") == 0) number(*(int *)symbol);
    else number(symbol == dlsym(handle_of(words[3]), words[4]));
  }
}

EXPORT("run") const void *run(const char *script, size_t length) {
  static const void *result[2];
  char *text = strndup(script, length), *rest = text;
  output[0] = '\0';
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) if (*line != '\0') perform(line);
  free(text);
  result[0] = output;
  result[1] = (void *)strlen(output);
  return result;
}
