"""The words of a text, without what does not change what is asked: case, punctuation, politeness, articles."""

import re
import unicodedata
from functools import lru_cache

# A number with its sign, a word, or a sign that may matter (C++, 5 %, a smiley); `_` separates like a space.
TOKEN = re.compile(r"(?<!\w)-?\d+(?:[.,:]\d+)*|\d+(?:[.,:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s]")
PUNCTUATION = frozenset(".,;:!?\"'`´‘’“”„«»‹›()[]{}…-–—¿¡。、，！？；：·_")

ISNT = re.compile(r"\b(ca|wo|[a-z]+)n't\b")
ENDINGS = (
    (re.compile(r"\b(what|where|who|when|how|that|it|there|here)'?s\b"), r"\1 is"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"\bi'd like\b"), "i would like"),
    (re.compile(r"\bl'"), ""),
)  # fmt: skip
WHOLE = {"ca": "can", "wo": "will"}

POLITE = re.compile(
    r"\b(?:please|pls|plz|kindly|thanks|thank you|s'il (?:te|vous) pla[iî]t|svp|stp|merci)(?: |$)"
)
OPENING = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|so|well|um|uh|just|bonjour|salut"
    r"|(?:can|could|would|will) you|(?:peux|pourrais) tu|(?:pouvez|pourriez) vous"
    r"|i (?:want|need|would like) (?:you )?to) )+"
)
# With a word behind it, so not in `option a`, `vitamin a`.
ARTICLE = re.compile(r"\b(?:the|a|an|le|la|les) ")


def tokens(text: str) -> list[str]:
    """The words, numbers and signs of a text in their order, without case and punctuation."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return [token for token in TOKEN.findall(text) if token not in PUNCTUATION]


@lru_cache(maxsize=4096)  # the page asks again after every change
def words(text: str) -> tuple[str, ...]:
    """What is left of a text without case, punctuation, politeness and articles; never nothing, if it has words."""
    whole = tokens(text)
    spoken = " ".join(whole)
    if "'" in spoken:
        spoken = ISNT.sub(lambda match: f"{WHOLE.get(match[1], match[1])} not", spoken)
        for ending, long in ENDINGS:
            spoken = ending.sub(long, spoken)
    spoken = POLITE.sub("", spoken).rstrip()
    spoken = OPENING.sub("", spoken)
    return tuple(ARTICLE.sub("", spoken).split()) or tuple(whole)


def stem(word: str) -> str:
    """A word without the s of its plural."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    return word[:-2] if word.endswith(("xes", "zes", "ches", "shes", "sses")) else word[:-1]


def folded(name: str) -> str:
    """A name or value without case and without what separates its parts: `Set-Lamp` and `set_lamp` are one."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())


def one_slip(a: str, b: str) -> bool:
    """Whether two words differ by one letter: left out, added, another one, or two exchanged."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    start = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    x, y = a[start:], b[start:]
    exchanged = len(x) > 1 and len(y) > 1 and x[0] == y[1] and x[1] == y[0] and x[2:] == y[2:]
    return exchanged or x[1:] == y[1:] or x[1:] == y or x == y[1:]
