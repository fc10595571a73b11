"""One module for each word of the command line, or for two that belong together (see `bot/__main__.py`)."""
