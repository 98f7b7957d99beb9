/* What plug-ins and the program know of each other. */
struct unit {
  const char *name;
  double (*convert)(double value);
};

/* The program's, called by plug-ins. */
void enter_unit(struct unit unit);
