import sys

from service.failures.redrive.cli import main

sys.exit(main())
