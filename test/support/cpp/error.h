struct Error {
  explicit Error(int code) : code(code) {}
  virtual ~Error() { destroyed++; }
  virtual int value() const { return code; }
  int code;
  static int destroyed;
};

// Of the other library.
void fail(int how);
int constructed_before();
