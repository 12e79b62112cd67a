"""condition.py FILE 0|1: a boolean scalar."""
import sys

import numpy

numpy.save(sys.argv[1], numpy.array(sys.argv[2] == "1"))
