"""Tools that have nothing to do with a project: shown beside its own, they tell how many tools a model bears."""

import random
from collections.abc import Iterable, Sequence

from core.doctor.wording import stem, tokens
from core.schema import Example, Tool
from core.schema.parameters import paths

# Name, description, and the parameters, each with its type and description; all are required.
_WRITTEN: tuple[tuple[str, str, dict[str, tuple[str, str]]], ...] = (
    ("get_weather", "Tell the weather forecast for a city.", {"city": ("string", "The city.")}),
    ("translate_text", "Translate a text into another language.",
     {"text": ("string", "The text."), "language": ("string", "The language to translate into.")}),
    ("convert_currency", "Convert an amount of money from one currency to another.",
     {"amount": ("number", "How much money."), "to": ("string", "The currency, as a code of three letters.")}),
    ("set_alarm", "Set an alarm clock.", {"time": ("string", "The time as HH:MM.")}),
    ("play_song", "Play a song on the speakers.", {"title": ("string", "The title of the song.")}),
    ("book_flight", "Book a flight between two airports.",
     {"origin": ("string", "Airport of departure."), "destination": ("string", "Airport of arrival.")}),
    ("order_pizza", "Order a pizza for delivery.",
     {"topping": ("string", "What is on the pizza."), "count": ("integer", "How many pizzas.")}),
    ("find_recipe", "Find a cooking recipe for a dish.", {"dish": ("string", "The dish to cook.")}),
    ("log_workout", "Write a sports workout into the fitness diary.",
     {"sport": ("string", "The kind of sport."), "minutes": ("integer", "How long it took.")}),
    ("water_plants", "Water the plants in the garden.", {"litres": ("number", "How much water.")}),
    ("feed_pet", "Fill the food bowl of a pet.", {"pet": ("string", "The name of the pet.")}),
    ("rate_movie", "Give a movie a number of stars.",
     {"movie": ("string", "The title of the movie."), "stars": ("integer", "From one to five.")}),
    ("reserve_table", "Reserve a table in a restaurant.",
     {"restaurant": ("string", "The restaurant."), "guests": ("integer", "How many guests.")}),
    ("read_horoscope", "Read the horoscope of a star sign.", {"sign": ("string", "The star sign.")}),
    ("buy_stock", "Buy shares of stock on the exchange.",
     {"ticker": ("string", "The symbol of the share."), "shares": ("integer", "How many shares.")}),
    ("solve_equation", "Solve a mathematical equation.", {"equation": ("string", "The equation.")}),
    ("take_photo", "Take a photo with the camera.", {"flash": ("boolean", "Whether the flash fires.")}),
    ("call_taxi", "Call a taxi to an address.", {"pickup": ("string", "Where the taxi comes to.")}),
    ("wash_laundry", "Start the washing machine.", {"program": ("string", "The washing program.")}),
    ("track_satellite", "Tell where a satellite is above the earth.", {"satellite": ("string", "Its name.")}),
    ("tune_guitar", "Play the tone of a guitar string.", {"tone": ("string", "The tone, such as E.")}),
    ("identify_bird", "Name the bird that sings in a recording.", {"recording": ("string", "The file.")}),
    ("forecast_tide", "Tell high and low tide of a harbour.", {"harbour": ("string", "The harbour.")}),
    ("charge_car", "Charge the battery of the electric car.", {"percent": ("integer", "Up to how full.")}),
    ("vote_poll", "Cast a vote in an opinion poll.", {"option": ("string", "The option voted for.")}),
    ("adopt_tree", "Adopt a tree in the city forest.", {"species": ("string", "The species of the tree.")}),
    ("name_constellation", "Name the constellation in a part of the sky.",
     {"direction": ("string", "Where one looks to.")}),
    ("mix_paint", "Mix paint of a colour.", {"colour": ("string", "The colour."), "litres": ("number", "How much.")}),
    ("score_chess", "Judge a chess position.", {"position": ("string", "The position in FEN.")}),
    ("count_calories", "Count the calories of a meal.", {"meal": ("string", "What was eaten.")}),
    ("brew_coffee", "Brew coffee in the machine.", {"cups": ("integer", "How many cups.")}),
    ("pitch_tent", "Reserve a place for a tent on a camping ground.", {"nights": ("integer", "How many nights.")}),
    ("scan_barcode", "Read the barcode on a package.", {"image": ("string", "The image file.")}),
    ("generate_crossword", "Make a crossword puzzle.", {"size": ("integer", "How many squares wide.")}),
    ("measure_pulse", "Measure the pulse with the watch.", {"seconds": ("integer", "For how long.")}),
    ("spot_whale", "List whales that were seen off a coast.", {"coast": ("string", "The coast.")}),
)  # fmt: skip

TOOLS: tuple[Tool, ...] = tuple(
    Tool(
        name,
        description,
        {
            "type": "object",
            "properties": {one: {"type": kind, "description": said} for one, (kind, said) in parts.items()},
            "required": list(parts),
        },
    )
    for name, description, parts in _WRITTEN
)


def added(tools: Sequence[Tool], examples: Sequence[Example], count: int, seed: int) -> list[Tool]:
    """The tools with `count` others at random places among them, fewer where the list has no more that are strange.

    What a smaller count adds, a larger one adds too. A tool is left out if anything that its name names is said in the
    project's tools or in the conversations: it might be a right answer there.
    """
    said = _words(_texts(tools, examples))
    strange = [tool for tool in TOOLS if not _words([tool.name.partition("_")[2]]) & said]
    chance = random.Random(f"distractors {seed}")
    chance.shuffle(strange)
    strange.sort(key=lambda tool: len(_words([tool.description]) & said))  # stable: of equals, as shuffled
    result = list(tools)
    for tool in strange[:count]:
        result.insert(chance.randrange(len(result) + 1), tool)
    return result


def _texts(tools: Sequence[Tool], examples: Sequence[Example]) -> Iterable[str]:
    for tool in tools:
        yield tool.name
        yield tool.description
        for path, schema in paths(tool.parameters):
            yield f"{path} {schema.get('description', '')} {schema.get('enum', '')}"
    for example in examples:
        for turn in example.turns:
            yield turn.content


def _words(texts: Iterable[str]) -> set[str]:
    return {stem(token) for text in texts for token in tokens(text)}
