"""Why a training cannot begin."""


class CannotTrain(RuntimeError):
    """The job cannot be trained here as it is written; `str()` says why and what to do."""


class DataError(CannotTrain):
    """The host does not have the data that the job names, or it does not fit."""


class ModelError(CannotTrain):
    """The host does not have the model that the job starts from, or it is not what the job says."""


class CannotShare(CannotTrain):
    """A step's windows cannot be shared evenly among the processes."""
