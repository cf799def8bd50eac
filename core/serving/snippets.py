"""What to copy in order to use a model elsewhere: how it is served, and programs that ask it.

Names, prompts and tools come from users: they stand in each text as its language quotes them. No key is in any of
them; whoever starts `serve` chooses one, and both sides read it from the environment.
"""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pprint import pformat
from typing import Any

from core.schema import Tool
from core.settings import Settings

PORT = 8377  # of `serve` where none is chosen, beside the ports that everybody takes
KEY = "CALLWRIGHT_KEY"


@dataclass(frozen=True, slots=True)
class Snippets:
    serve: str  # for a shell
    openai: str  # Python
    transformers: str  # Python, without a server
    curl: str  # for a shell


def snippets(
    model: str, folder: Path, tools: Sequence[Tool], prompt: str, settings: Settings, port: int = PORT
) -> Snippets:
    """The texts for a model by its name and its folder, shown these tools and asked this prompt."""
    shown = [tool.declaration() for tool in tools]
    messages = [{"role": "user", "content": prompt}]
    address = f"http://127.0.0.1:{port}/v1"
    home = "" if settings.home == Settings.load(Path.home() / ".callwright").home else str(settings.home)
    return Snippets(
        _serve(model, port, home),
        _openai(model, shown, messages, address),
        _transformers(folder, shown, messages),
        _curl({"model": model, "messages": messages, "tools": shown}, address),
    )


def _serve(model: str, port: int, home: str) -> str:
    where = f" --home {shlex.quote(home)}" if home else ""
    return f"""export {KEY}=choose-a-key
python -m core serve --model {shlex.quote(model)} --port {port}{where}
"""


def _openai(model: str, tools: list[Any], messages: list[Any], address: str) -> str:
    return f"""# pip install openai
import os

from openai import OpenAI

client = OpenAI(base_url={address!r}, api_key=os.environ["{KEY}"])

tools = {_python(tools)}

answer = client.chat.completions.create(
    model={model!r},
    messages={_python(messages)},
    tools=tools,
)
message = answer.choices[0].message
for call in message.tool_calls or []:
    print(call.function.name, call.function.arguments)
if message.content:
    print(message.content)
"""


def _transformers(folder: Path, tools: list[Any], messages: list[Any]) -> str:
    return f"""# pip install torch transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = {str(folder)!r}
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")

tools = {_python(tools)}

prompt = tokenizer.apply_chat_template(
    {_python(messages)},
    tools=tools,
    add_generation_prompt=True,
    return_dict=True,
    return_tensors="pt",
)
answer = model.generate(**prompt, do_sample=False, max_new_tokens=256)
# A call stands between its marks, as the model writes it.
print(tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :]))
"""


def _curl(body: dict[str, Any], address: str) -> str:
    # Between quoted marks the shell changes nothing, and no line of JSON can be the mark.
    return f"""curl -sS {address}/chat/completions \\
  -H "Authorization: Bearer ${KEY}" \\
  -H "Content-Type: application/json" \\
  --data-binary @- <<'END_OF_JSON'
{json.dumps(body, ensure_ascii=False, indent=2)}
END_OF_JSON
"""


def _python(value: Any) -> str:
    """A JSON value as Python writes it."""
    return pformat(value, width=100, sort_dicts=False)
