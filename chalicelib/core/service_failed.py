"""Failures of services that this service calls."""


class ServiceFailed(Exception):
    """Another service did not answer, or not as it should. It is logged whatever the status of the answer is.

    `reason` is only for the log. It must not contain values of the client or secrets.
    """

    reason = ""

    def __init__(self, text: str = "", reason: str = "") -> None:
        super().__init__(*filter(None, [text]))
        self.reason = reason
