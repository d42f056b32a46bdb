"""The experiments of this project, one file each or one small family a file."""
