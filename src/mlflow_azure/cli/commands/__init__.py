"""The commands, one file each, with the command's name: parse, call, render."""
