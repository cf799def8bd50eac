"""An example: what a person says, and the calls (or the reply) it should become."""

from dataclasses import dataclass
from typing import Any, Literal

from core.schema.call import ToolCall

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")

# What the model is taught to say where no tool fits and the example brings no reply of its own.
DEFAULT_REPLY = "I have no tool for that."


@dataclass(frozen=True, slots=True)
class Turn:
    """One message before the answer that is taught."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    calls: tuple[ToolCall, ...] = ()
    name: str = ""  # of the tool, where role is "tool"

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.calls:
            data["calls"] = [call.to_json() for call in self.calls]
        if self.name:
            data["name"] = self.name
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Turn":
        calls = tuple(ToolCall.from_json(call) for call in data.get("calls", ()))
        return cls(data["role"], data["content"], calls, data.get("name", ""))


@dataclass(frozen=True, slots=True)
class Example:
    """Turns of a conversation and the expected answer: calls, or a reply in words where `calls` is empty."""

    turns: tuple[Turn, ...]
    calls: tuple[ToolCall, ...] = ()
    reply: str = ""
    split: Split = "train"
    id: int | None = None  # given by the store

    @classmethod
    def single(cls, prompt: str, *calls: ToolCall, reply: str = "", split: Split = "train") -> "Example":
        """The commonest form: one thing said, answered by calls or by a reply."""
        return cls((Turn("user", prompt),), calls, reply, split)

    @property
    def prompt(self) -> str:
        """What was said last."""
        return next((turn.content for turn in reversed(self.turns) if turn.role == "user"), "")

    @property
    def tools(self) -> str:
        """The names of the tools that are called, once each; empty where none is."""
        return ", ".join(dict.fromkeys(call.name for call in self.calls))

    @property
    def all_calls(self) -> tuple[ToolCall, ...]:
        """The calls that are taught, and those in the conversation before."""
        return self.calls + tuple(call for turn in self.turns for call in turn.calls)

    @property
    def answer(self) -> str:
        """The reply that is taught where no tool is called."""
        return self.reply or DEFAULT_REPLY

    def to_json(self) -> dict[str, Any]:
        return {
            "turns": [turn.to_json() for turn in self.turns],
            "calls": [call.to_json() for call in self.calls],
            "reply": self.reply,
            "split": self.split,
            "id": self.id,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Example":
        return cls(
            tuple(Turn.from_json(turn) for turn in data["turns"]),
            tuple(ToolCall.from_json(call) for call in data["calls"]),
            data["reply"],
            data["split"],
            data["id"],
        )
