"""The use cases of Hark, on ports only: each loads, asks the domain, commits."""
