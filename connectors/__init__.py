"""One folder per social network; `base` is the contract, `registry` the list, `graph` what Meta's networks share."""
