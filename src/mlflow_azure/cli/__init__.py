"""The command line. One module per command: parse, call, render. No Azure code and no logic here."""
