"""The errors that a user is meant to read."""


class StudioError(Exception):
    """Something the user can mend: what happened, what to do about it, and where it happened."""

    def __init__(self, message: str, hint: str = "", where: str = ""):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where

    def to_json(self) -> dict[str, str]:
        return {"message": self.message, "hint": self.hint, "where": self.where}

    def sentence(self) -> str:
        """The whole error as one line of text, the place first."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message} {self.hint}".strip()
