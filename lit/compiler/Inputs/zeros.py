"""zeros.py FILE EXTENT...: a float32 array of zeros."""
import sys

import numpy

numpy.save(sys.argv[1], numpy.zeros([int(extent) for extent in sys.argv[2:]], numpy.float32))
