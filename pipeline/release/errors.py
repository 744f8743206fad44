"""Why a command ends without having done anything. Each message says what to do next.

Exception
└── ReleaseError
    ├── Refused       what was to be done cannot be done now, or would not be what was shown: exit code 1
    │   └── Declined  the person said no
    └── CannotAsk     wrong input, or AWS cannot be asked (credentials, permission, network): exit code 2
        └── NoEvidence    there is none, or it cannot be read
"""


class ReleaseError(Exception):
    exit_code = 2


class Refused(ReleaseError):
    exit_code = 1


class Declined(Refused):
    pass


class CannotAsk(ReleaseError):
    exit_code = 2


class NoEvidence(CannotAsk):
    pass
