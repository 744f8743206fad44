import sys

from service.redrive.cli import main

sys.exit(main())
