"""One module for each family of scenarios; bench/catalogue.py lists them all."""
