"""Pure functions from records to HTML, rows and form fields: no store, no Gradio, nothing of the machine."""
