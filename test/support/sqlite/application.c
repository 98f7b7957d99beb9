#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sqlite3.h"

#define EXPORT(name) __attribute__((export_name(name)))

static sqlite3 *database;

/* What sqlite3_exec's rows are appended to. */
static char *text;
static size_t length;

static void append(const char *more) {
  size_t added = strlen(more);
  text = realloc(text, length + added + 1);
  memcpy(text + length, more, added + 1);
  length += added;
}

static int add_row(void *separator, int columns, char **values, char **names) {
  for (int i = 0; i < columns; i++) {
    if (i > 0) append("|");
    append(values[i] == NULL ? "NULL" : values[i]);
  }
  append(separator);
  return 0;
}

/* A file system without files: the database is in memory. SQLite calls this from its own library. */
static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) { return SQLITE_CANTOPEN; }
static int delete_file(sqlite3_vfs *vfs, const char *name, int sync) { return SQLITE_IOERR_DELETE; }
static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *out) { return *out = 0; }
static int full_path(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  snprintf(out, size, "%s", name);
  return SQLITE_OK;
}
static int randomness(sqlite3_vfs *vfs, int size, char *out) {
  memset(out, 7, size);
  return size;
}
static int sleep_for(sqlite3_vfs *vfs, int microseconds) { return microseconds; }
static int current_time(sqlite3_vfs *vfs, double *out) {
  *out = 2460000.5;
  return SQLITE_OK;
}
static int last_error(sqlite3_vfs *vfs, int size, char *out) { return 0; }

static sqlite3_vfs no_files = {
    .iVersion = 1,
    .szOsFile = sizeof(sqlite3_file),
    .mxPathname = 100,
    .zName = "no files",
    .xOpen = open_file,
    .xDelete = delete_file,
    .xAccess = access_file,
    .xFullPathname = full_path,
    .xRandomness = randomness,
    .xSleep = sleep_for,
    .xCurrentTime = current_time,
    .xGetLastError = last_error,
};

int sqlite3_os_init(void) { return sqlite3_vfs_register(&no_files, 1); }
int sqlite3_os_end(void) { return SQLITE_OK; }

/* Bindings have this, for strings. */
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) { return realloc(old, size); }

static void run(const char *sql) {
  char *error = NULL;
  if (sqlite3_exec(database, sql, add_row, "\n", &error) == SQLITE_OK) return;
  append("error: ");
  append(error);
  sqlite3_free(error);
}

/* A function of SQL that is one of the application's. */
static void twice(sqlite3_context *context, int count, sqlite3_value **values) {
  sqlite3_result_int(context, 2 * sqlite3_value_int(values[0]));
}

EXPORT("init") void init(void) {
  if (sqlite3_open(":memory:", &database) != SQLITE_OK) abort();
  sqlite3_create_function(database, "twice", 1, SQLITE_UTF8, NULL, twice, NULL, NULL);
  run("CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT NOT NULL, people INTEGER);"
      "CREATE INDEX by_people ON city (people);"
      "CREATE TABLE visit (city INTEGER REFERENCES city, year INTEGER);"
      "INSERT INTO city (name, people) VALUES ('Oslo', 700000), ('Bergen', 280000), ('Trondheim', 210000);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
      "  INSERT INTO visit SELECT 1 + i % 3, 1990 + i % 30 FROM n;");
}

EXPORT("query") const void *query(const char *sql, size_t size) {
  static const void *result[2];
  char *terminated = malloc(size + 1);
  memcpy(terminated, sql, size);
  terminated[size] = '\0';
  length = 0;
  append("");
  run(terminated);
  free(terminated);
  result[0] = text;
  result[1] = (void *)length;
  return result;
}
