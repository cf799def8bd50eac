"""English: what the model sees, and what fits."""

TEXT: dict[str, str] = {
    # What the model sees
    "lens.tokens": "{n} token|{n} tokens",
    "lens.of_limit": "of {limit}",
    "lens.learned": "{n} learned|{n} learned",
    "lens.shared": "{n} the same in every example|{n} the same in every example",
    "lens.shared_end": "Up to here every example is the same: {n} tokens.",
    "lens.key": "Each patch is one token, the pieces a model reads and writes. The green ones it learns to write.",
    "lens.tool_tokens": "{n} token|{n} tokens",
    "lens.declarations": "The tools",
    "lens.making": "This is the text. Its tokens follow in a few seconds: the model's tokenizer is being made.",
    "lens.absent": "This is the text in FunctionGemma's format. Tokens are counted once {model} is on this computer; "
    "its first run or its first question fetches it.",
    "lens.still_making": "The tokenizer is not ready yet. Choose the example once more in a moment.",
    # What fits
    "budget.title": "Room in a row",
    "budget.declarations": "tools",
    "budget.prompt": "prompt",
    "budget.answer": "answer",
    "budget.room": "room left",
    "budget.over": "too many",
    "budget.longest": "The longest example, {example}, takes {total} of {limit} tokens.",
    "budget.alone": "The tools alone take {total} of {limit} tokens.",
    "budget.longest_about": "The longest example, {example}, takes about {total} of {limit} tokens.",
    "budget.alone_about": "The tools alone take about {total} of {limit} tokens.",
    "budget.more": "About {n} more tool of this size fits.|About {n} more tools of this size fit.",
    "budget.none": "No further tool of this size fits.",
    "budget.said": "{declarations} tokens of tools, {prompt} of prompt, {answer} of answer, {room} left of {limit}",
    "budget.by_tool": "What each tool takes",
    # The start gate
    "gate.refused": "Mend first",
    "gate.raise": "Raise the limit to {limit}",
    "gate.raised": "A row may now have {limit} tokens.",
}
