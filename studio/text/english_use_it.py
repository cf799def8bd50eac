"""English: how a model is used outside the studio."""

TEXT: dict[str, str] = {
    "use.title": "Use it",
    "use.lead": "Ask {model} from your own program: it gets the tools of this project and answers with a call.",
    "use.none_body": "Until a training has finished, these lines ask the untouched model. They stay the same but for "
    "the model's name.",
    "use.no_tools": "Add a tool on the Tools tab, and the lines to copy will be here.",
    "use.serve": "1. Start the model host",
    "use.serve_info": "In a terminal, in the folder of Callwright. Choose a key of your own: it opens the host to "
    "programs on this computer, and the host cannot be reached from any other.",
    "use.ask": "2. Ask it from a second terminal",
    "use.ask_info": "Set the same key there. Every client of OpenAI's API works; greedy where no temperature is given.",
    "use.openai": "Python, openai",
    "use.curl": "curl",
    "use.transformers": "Python, transformers",
    "use.transformers_info": "This one needs no host: it loads the model's folder itself.",
}
