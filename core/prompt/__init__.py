"""Prompts and answers: the only place where prompt text is made, and where what a model writes is read."""

from core.prompt.family import Family as Family
from core.prompt.family import family_of as family_of
from core.prompt.lens import Piece as Piece
from core.prompt.lens import Token as Token
from core.prompt.lens import look as look
from core.prompt.lens import look_tokens as look_tokens
from core.prompt.messages import answer_of as answer_of
from core.prompt.messages import messages_of as messages_of
from core.prompt.parsed import Parsed as Parsed
from core.prompt.rows import Row as Row
from core.prompt.rows import encode as encode
from core.prompt.rows import prompt_ids as prompt_ids
from core.prompt.rows import written as written
