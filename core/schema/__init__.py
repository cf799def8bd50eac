"""The vocabulary of the project, pure data: tools, calls, examples and what can be wrong with them."""

from core.schema.arguments import check_call as check_call
from core.schema.call import ToolCall as ToolCall
from core.schema.example import DEFAULT_REPLY as DEFAULT_REPLY
from core.schema.example import Example as Example
from core.schema.example import Turn as Turn
from core.schema.normalise import read_tool as read_tool
from core.schema.tool import Tool as Tool
