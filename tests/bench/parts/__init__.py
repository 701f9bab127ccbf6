"""The parts of the benchmark, one file each: what is measured, with what, and which goals it answers."""
