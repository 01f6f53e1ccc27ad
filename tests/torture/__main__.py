"""`python -m tests.torture --kills 200`."""

import sys

from tests.torture.run import main

sys.exit(main())
