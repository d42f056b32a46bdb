"""The command line: the only floor, with `__main__`, that prints or exits."""
