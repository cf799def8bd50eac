"""The control tokens of FunctionGemma."""

import re

from core.prompt import neutral

DECLARATION, END_DECLARATION = "<start_function_declaration>", "<end_function_declaration>"
CALL, END_CALL = "<start_function_call>", "<end_function_call>"
RESPONSE, END_RESPONSE = "<start_function_response>", "<end_function_response>"
ESCAPE = "<escape>"
BOS, EOS, PAD, UNK = "<bos>", "<eos>", "<pad>", "<unk>"
TURN, END_TURN = "<start_of_turn>", "<end_of_turn>"

MARKS = (DECLARATION, END_DECLARATION, CALL, END_CALL, RESPONSE, END_RESPONSE, ESCAPE)
OTHERS = (
    BOS, EOS, PAD, UNK, TURN, END_TURN,
    "<mask>", "[multimodal]", "<start_of_image>", "<end_of_image>", "<image_soft_token>",
)  # fmt: skip

# What ends an answer.
STOPS = (EOS, END_TURN, RESPONSE)

PATTERN: re.Pattern[str] = neutral.pattern_of((*MARKS, *OTHERS))
