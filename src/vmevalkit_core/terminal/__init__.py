"""What people see: lines, tables, money, progress; the command line and the Python API speak through it."""
