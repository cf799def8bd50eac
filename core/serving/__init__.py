"""The model host: a process that holds loaded models and answers in the form OpenAI clients speak."""
