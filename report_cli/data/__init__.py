"""Where pictures come from: drawn by the program, or read from archives and folders of real images."""
